package dev.wuneng.data.chat;

import dev.wuneng.data.DataException;
import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.source.Sample.Turn;
import dev.wuneng.data.tokenizer.SpecialTokens;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;

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
 * with a line break after every turn. Learnt are the answers and the ends of their turns. A token of ChatML that is spelled in a turn's text
 * is text there.
 */
public final class ChatMl {

    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final int[] start;
    private final int[] end;
    private final int[] newline;

    /** A conversation's tokens, and beside each its label: itself where it is learnt, -100 elsewhere. */
    public record Labelled(int[] inputIds, int[] labels) {
    }

    /**
     * @throws DataException if the tokenizer lacks the tokens of turns, or comes with a template that is not known
     */
    public ChatMl(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        template = ChatTemplate.beside(tokenizer.file());
        start = new int[] {tokenizer.requiredId(SpecialTokens.TURN_START)};
        end = new int[] {tokenizer.requiredId(SpecialTokens.TURN_END)};
        newline = tokenizer.encodeOrdinary("\n");
    }

    /**
     * A whole conversation, as the tokenizer's template has it.
     *
     * @throws DataException if nothing in it is to be learnt, or the template does not render it
     */
    public Labelled encode(List<Turn> conversation) {
        if (conversation.stream().noneMatch(turn -> turn.role().equals(Turn.ASSISTANT))) {
            throw new DataException("A conversation has no turn of the assistant, so there is nothing to learn: leave it out.");
        }
        Builder builder = new Builder();
        template.turns(conversation).forEach(turn -> add(turn, builder));
        return builder.build();
    }

    /** Everything up to where the answer to a single prompt begins. */
    public int[] question(String prompt) {
        Builder builder = new Builder();
        template.turns(List.of(new Turn(Turn.USER, prompt))).forEach(turn -> add(turn, builder));
        builder.add(start, false);
        builder.add(tokenizer.encodeOrdinary(Turn.ASSISTANT + "\n"), false);
        return builder.build().inputIds();
    }

    /** The token that ends a turn. */
    public int endOfTurn() {
        return end[0];
    }

    private void add(Turn turn, Builder builder) {
        boolean learnt = turn.role().equals(Turn.ASSISTANT);
        builder.add(start, false);
        if (learnt) {
            // Apart, so that an answer's first token does not depend on what stands before it.
            builder.add(tokenizer.encodeOrdinary(turn.role() + "\n"), false);
            builder.add(tokenizer.encodeOrdinary(turn.content()), true);
        } else {
            builder.add(tokenizer.encodeOrdinary(turn.role() + "\n" + turn.content()), false);
        }
        builder.add(end, learnt);
        builder.add(newline, false);
    }

    private static final class Builder {
        private int[] inputIds = new int[256];
        private int[] labels = new int[256];
        private int size;

        void add(int[] tokens, boolean learnt) {
            if (size + tokens.length > inputIds.length) {
                inputIds = Arrays.copyOf(inputIds, 2 * (size + tokens.length));
                labels = Arrays.copyOf(labels, inputIds.length);
            }
            System.arraycopy(tokens, 0, inputIds, size, tokens.length);
            System.arraycopy(tokens, 0, labels, size, tokens.length);
            if (!learnt) {
                Arrays.fill(labels, size, size + tokens.length, DocumentBatch.IGNORED);
            }
            size += tokens.length;
        }

        Labelled build() {
            return new Labelled(Arrays.copyOf(inputIds, size), Arrays.copyOf(labels, size));
        }
    }
}
