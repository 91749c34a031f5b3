package dev.wuneng.data.tokenizer;

import java.util.List;

/** The tokens that stand for structure, not for text, under their Qwen2 names. */
public final class SpecialTokens {

    /** Ends a document; also serves as padding. */
    public static final String END_OF_TEXT = "<|endoftext|>";
    /** Begins a turn of a conversation (ChatML). */
    public static final String TURN_START = "<|im_start|>";
    /** Ends a turn of a conversation (ChatML). */
    public static final String TURN_END = "<|im_end|>";

    static final List<String> ALL = List.of(END_OF_TEXT, TURN_START, TURN_END);

    private SpecialTokens() {
    }
}
