package dev.wuneng.data.text;

/** One exchange of a conversation: what the user says and what the assistant should answer. */
public record PromptAnswer(String prompt, String answer) {
}
