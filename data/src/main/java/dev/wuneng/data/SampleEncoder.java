package dev.wuneng.data;

import dev.wuneng.data.arrow.DocumentWriter;
import dev.wuneng.data.chat.ChatMl;
import dev.wuneng.data.source.Sample;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * Turns samples into tokens. A text becomes what the tokenizer puts around a text, the text, and the end-of-text token;
 * a conversation becomes what {@link ChatMl} says. May be used by several threads at once.
 */
final class SampleEncoder {

    private final Tokenizer tokenizer;
    private final int endOfText;
    // Null where the samples are texts.
    private final ChatMl chat;

    /** Tokens of a document; labels of a conversation only. */
    record Encoded(int[] inputIds, int[] labels) {

        void addTo(DocumentWriter writer) {
            if (labels == null) {
                writer.add(inputIds);
            } else {
                writer.add(inputIds, labels);
            }
        }
    }

    /**
     * @param conversations whether the samples are conversations; otherwise they are texts
     * @throws DataException if the tokenizer lacks the tokens that end them
     */
    SampleEncoder(Tokenizer tokenizer, boolean conversations) {
        this.tokenizer = tokenizer;
        endOfText = conversations ? -1 : tokenizer.endOfText();
        chat = conversations ? new ChatMl(tokenizer) : null;
    }

    boolean conversations() {
        return chat != null;
    }

    /**
     * @throws DataException if the sample is a text among conversations, or the other way round
     */
    Encoded encode(Sample sample) {
        return switch (sample) {
            case Sample.Text text when chat == null -> {
                int[] ids = tokenizer.encodeDocument(text.text());
                int[] ended = Arrays.copyOf(ids, ids.length + 1);
                ended[ids.length] = endOfText;
                yield new Encoded(ended, null);
            }
            case Sample.Conversation conversation when chat != null -> {
                ChatMl.Labelled labelled = chat.encode(conversation.turns());
                yield new Encoded(labelled.inputIds(), labelled.labels());
            }
            default -> throw new DataException("The sources hold both texts and conversations: tokenize them into two folders.");
        };
    }
}
