package dev.wuneng.data.tokenizer;

import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Conversations of one exchange in ChatML:
 *
 * <pre>{@code
 * <|im_start|>user
 * PROMPT<|im_end|>
 * <|im_start|>assistant
 * ANSWER<|im_end|>
 * }</pre>
 *
 * with a line break at the end.
 */
public final class ChatMl {

    private final Tokenizer tokenizer;
    private final int start;
    private final int end;
    private final int[] newline;

    /**
     * @throws dev.wuneng.data.DataException if the tokenizer lacks the tokens of turns
     */
    public ChatMl(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        start = tokenizer.requiredId(SpecialTokens.TURN_START);
        end = tokenizer.requiredId(SpecialTokens.TURN_END);
        newline = tokenizer.encodeOrdinary("\n");
    }

    /** Everything up to where the answer begins. */
    public int[] question(String prompt) {
        return join(new int[] {start}, tokenizer.encodeOrdinary("user\n" + prompt), new int[] {end}, newline, new int[] {start},
                tokenizer.encodeOrdinary("assistant\n"));
    }

    /** The answer and the end of its turn. */
    public int[] answer(String text) {
        return join(tokenizer.encodeOrdinary(text), new int[] {end});
    }

    /** What follows the answer. */
    public int[] close() {
        return newline.clone();
    }

    /** The token that ends a turn. */
    public int endOfTurn() {
        return end;
    }

    private static int[] join(int[]... parts) {
        return Stream.of(parts).flatMapToInt(IntStream::of).toArray();
    }
}
