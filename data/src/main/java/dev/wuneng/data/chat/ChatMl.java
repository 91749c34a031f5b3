package dev.wuneng.data.chat;

import dev.wuneng.data.source.Sample.Turn;
import dev.wuneng.data.tokenizer.SpecialTokens;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Conversations in ChatML, here one exchange:
 *
 * <pre>{@code
 * <|im_start|>user
 * PROMPT<|im_end|>
 * <|im_start|>assistant
 * ANSWER<|im_end|>
 * }</pre>
 *
 * with a line break after every turn.
 */
public final class ChatMl {

    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final int start;
    private final int end;
    private final int[] newline;

    /**
     * @throws dev.wuneng.data.DataException if the tokenizer lacks the tokens of turns, or comes with a template that is not known
     */
    public ChatMl(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        template = ChatTemplate.beside(tokenizer.file());
        start = tokenizer.requiredId(SpecialTokens.TURN_START);
        end = tokenizer.requiredId(SpecialTokens.TURN_END);
        newline = tokenizer.encodeOrdinary("\n");
    }

    /** Everything up to where the answer to a single prompt begins. */
    public int[] question(String prompt) {
        List<int[]> parts = new ArrayList<>();
        for (Turn turn : turns(List.of(new Turn(Turn.USER, prompt)))) {
            parts.add(turn(turn.role(), turn.content()));
            parts.add(newline);
        }
        parts.add(answerStart());
        return join(parts.toArray(int[][]::new));
    }

    /** The turns of a conversation as the tokenizer's template has them. */
    public List<Turn> turns(List<Turn> conversation) {
        return template.turns(conversation);
    }

    /** A turn that is not learnt, up to its end. */
    public int[] turn(String role, String content) {
        return join(new int[] {start}, tokenizer.encodeOrdinary(role + "\n" + content), new int[] {end});
    }

    /** What stands before an answer. */
    public int[] answerStart() {
        return join(new int[] {start}, tokenizer.encodeOrdinary("assistant\n"));
    }

    /** The answer and the end of its turn. */
    public int[] answer(String text) {
        return join(tokenizer.encodeOrdinary(text), new int[] {end});
    }

    /** What follows a turn. */
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
