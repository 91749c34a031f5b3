package dev.wuneng.data.source;

import java.util.List;

/** What one document of training data is made of. */
public sealed interface Sample {

    /** A text, all of which is learnt. */
    record Text(String text) implements Sample {

        @Override
        public long characters() {
            return text.length();
        }
    }

    /** A conversation, of which the assistant's turns are learnt. */
    record Conversation(List<Turn> turns) implements Sample {

        public Conversation {
            turns = List.copyOf(turns);
        }

        /** One exchange. */
        public static Conversation of(String prompt, String answer) {
            return new Conversation(List.of(new Turn(Turn.USER, prompt), new Turn(Turn.ASSISTANT, answer)));
        }

        @Override
        public long characters() {
            return turns.stream().mapToLong(turn -> turn.content().length()).sum();
        }
    }

    /** What one side says. */
    record Turn(String role, String content) {

        public static final String USER = "user";
        public static final String ASSISTANT = "assistant";
    }

    /** The length of all its text, for bounding how much is in memory. */
    long characters();
}
