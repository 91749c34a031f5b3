package dev.wuneng.data;

import dev.wuneng.data.arrow.DocumentBatch;
import dev.wuneng.data.arrow.DocumentWriter;
import dev.wuneng.data.chat.ChatMl;
import dev.wuneng.data.source.Sample;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Turns samples into tokens. A text becomes what the tokenizer puts around a text, the text, and the end-of-text token;
 * a conversation becomes what {@link ChatMl} says. May be used by several threads at once.
 */
final class SampleEncoder {

    private final Tokenizer tokenizer;
    private final boolean conversations;
    private final int[] end;
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
        this.conversations = conversations;
        end = conversations ? null : new int[] {tokenizer.endOfText()};
        chat = conversations ? new ChatMl(tokenizer) : null;
    }

    boolean conversations() {
        return conversations;
    }

    /**
     * @throws DataException if the sample is a text among conversations, or the other way round
     */
    Encoded encode(Sample sample) {
        return switch (sample) {
            case Sample.Text text when !conversations -> new Encoded(join(List.of(tokenizer.encodeDocument(text.text()), end)), null);
            case Sample.Conversation conversation when conversations -> encode(conversation);
            default -> throw new DataException("The sources hold both texts and conversations: tokenize them into two folders.");
        };
    }

    private Encoded encode(Sample.Conversation conversation) {
        List<int[]> inputIds = new ArrayList<>();
        List<int[]> labels = new ArrayList<>();
        if (conversation.turns().stream().noneMatch(turn -> turn.role().equals(Sample.Turn.ASSISTANT))) {
            throw new DataException("A conversation has no turn of the assistant, so there is nothing to learn: leave it out.");
        }
        for (Sample.Turn turn : chat.turns(conversation.turns())) {
            boolean learnt = turn.role().equals(Sample.Turn.ASSISTANT);
            int[] given = learnt ? chat.answerStart() : chat.turn(turn.role(), turn.content());
            int[] answer = learnt ? chat.answer(turn.content()) : new int[0];
            inputIds.addAll(List.of(given, answer, chat.close()));
            labels.addAll(List.of(ignored(given), answer, ignored(chat.close())));
        }
        return new Encoded(join(inputIds), join(labels));
    }

    private static int[] ignored(int[] tokens) {
        return IntStream.generate(() -> DocumentBatch.IGNORED).limit(tokens.length).toArray();
    }

    private static int[] join(List<int[]> parts) {
        return parts.stream().flatMapToInt(IntStream::of).toArray();
    }
}
