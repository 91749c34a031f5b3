package dev.wuneng.data.tokenizer;

import dev.wuneng.data.DataException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Learns a byte-level BPE vocabulary.
 *
 * <p>The text is cut into words (NFC and Qwen2's split expression), words into the symbols of their UTF-8 bytes. Then
 * the most frequent pair of adjacent symbols becomes a symbol itself, again and again until the vocabulary has its
 * size. Among pairs equally frequent the one with the smaller left, then right token id is taken, so the same text
 * always gives the same vocabulary.
 *
 * <p>Token ids: 0-255 the bytes in GPT-2's order, then the learned tokens in the order learned, the special tokens
 * last.
 */
public final class BpeTrainer {

    /** The least vocabulary: all bytes and the special tokens. */
    public static final int MINIMUM_SIZE = ByteAlphabet.SIZE + SpecialTokens.ALL.size();

    // A pair seen once predicts nothing, and merging it would only memorise one place in the text.
    private static final long MINIMUM_COUNT = 2;

    private BpeTrainer() {
    }

    /**
     * Learns from the texts.
     *
     * @param vocabularySize tokens in all, bytes and special tokens included. A short text may run out of pairs that
     *                       occur twice; the vocabulary is smaller then.
     * @throws DataException if the size is below {@link #MINIMUM_SIZE} or there is no text
     */
    public static BpeModel train(Stream<String> texts, int vocabularySize) {
        if (vocabularySize < MINIMUM_SIZE) {
            throw new DataException("A byte-level vocabulary of " + vocabularySize
                    + " tokens is too small: 256 bytes and " + SpecialTokens.ALL.size() + " special tokens need at least " + MINIMUM_SIZE + ".");
        }
        Map<String, Long> words = PreTokenizer.countWords(texts);
        if (words.isEmpty()) {
            throw new DataException("There is no text to learn a vocabulary from: give at least one document.");
        }
        return learn(new PairMerger(words), vocabularySize - SpecialTokens.ALL.size());
    }

    private static BpeModel learn(PairMerger merger, int size) {
        List<String> tokens = new ArrayList<>(ByteAlphabet.SYMBOLS);
        Map<String, Integer> ids = new HashMap<>();
        tokens.forEach(token -> ids.put(token, ids.size()));
        List<BpeModel.Merge> merges = new ArrayList<>();
        while (tokens.size() < size) {
            Optional<PairMerger.Pair> pair = merger.mostFrequent().filter(p -> p.count() >= MINIMUM_COUNT);
            if (pair.isEmpty()) {
                break;
            }
            BpeModel.Merge merge = new BpeModel.Merge(tokens.get(pair.get().left()), tokens.get(pair.get().right()));
            // Two merges may spell the same token ("ab"+"c", "a"+"bc"): it keeps its first id.
            Integer id = ids.computeIfAbsent(merge.result(), token -> {
                tokens.add(token);
                return tokens.size() - 1;
            });
            merger.merge(pair.get(), id);
            merges.add(merge);
        }
        return new BpeModel(tokens, merges);
    }
}
