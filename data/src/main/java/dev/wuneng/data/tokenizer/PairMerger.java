package dev.wuneng.data.tokenizer;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * The words of a corpus as symbol sequences, and how often each pair of adjacent symbols occurs in them.
 *
 * <p>Counts are kept up to date: a merge visits only the words that hold the pair. A word's list may name a word that
 * lost the pair to an earlier merge, and the queue may hold outdated counts; both are noticed when they are used.
 */
final class PairMerger {

    /** A pair of adjacent symbols and the number of its occurrences. */
    record Pair(int left, int right, long count) {

        // Most frequent first; among equals the pair of the older symbols, which makes learning deterministic.
        private static final Comparator<Pair> ORDER = Comparator.comparingLong(Pair::count).reversed()
                .thenComparingInt(Pair::left).thenComparingInt(Pair::right);

        private long key() {
            return PairMerger.key(left, right);
        }
    }

    private final int[][] words;
    private final long[] wordCounts;
    private final Map<Long, Occurrences> pairs = new HashMap<>();
    private final PriorityQueue<Pair> queue = new PriorityQueue<>(Pair.ORDER);

    PairMerger(Map<String, Long> counts) {
        words = new int[counts.size()][];
        wordCounts = new long[counts.size()];
        int word = 0;
        for (Map.Entry<String, Long> entry : counts.entrySet()) {
            words[word] = ByteAlphabet.symbols(entry.getKey());
            wordCounts[word] = entry.getValue();
            addPairs(word);
            word++;
        }
        pairs.forEach((key, occurrences) -> queue.add(occurrences.pair(key)));
    }

    /** The pair with the most occurrences; of several, the one of the smallest left, then right symbol. */
    Optional<Pair> mostFrequent() {
        while (!queue.isEmpty()) {
            Pair candidate = queue.peek();
            long count = pairs.get(candidate.key()).count;
            if (count == candidate.count()) {
                return Optional.of(candidate);
            }
            queue.poll();
            if (count > 0) {
                queue.add(new Pair(candidate.left(), candidate.right(), count));
            }
        }
        return Optional.empty();
    }

    /** Replaces every occurrence of the pair, from the left, by one symbol. */
    void merge(Pair pair, int symbol) {
        Map<Long, Long> changes = new HashMap<>();
        Set<Long> created = new HashSet<>();
        Occurrences holders = pairs.get(pair.key());
        int[] affected = Arrays.copyOf(holders.words, holders.size);
        for (int word : affected) {
            int[] before = words[word];
            int[] after = replace(before, pair, symbol);
            if (after.length == before.length) {
                continue;
            }
            for (int i = 1; i < before.length; i++) {
                changes.merge(key(before[i - 1], before[i]), -wordCounts[word], Long::sum);
            }
            for (int i = 1; i < after.length; i++) {
                long key = key(after[i - 1], after[i]);
                changes.merge(key, wordCounts[word], Long::sum);
                if (after[i - 1] == symbol || after[i] == symbol) {
                    pairs.computeIfAbsent(key, k -> new Occurrences()).addWord(word);
                    created.add(key);
                }
            }
            words[word] = after;
        }
        changes.forEach((key, change) -> pairs.get(key).count += change);
        created.forEach(key -> queue.add(pairs.get(key).pair(key)));
        holders.forgetWords();
    }

    private void addPairs(int word) {
        int[] symbols = words[word];
        for (int i = 1; i < symbols.length; i++) {
            Occurrences occurrences = pairs.computeIfAbsent(key(symbols[i - 1], symbols[i]), k -> new Occurrences());
            occurrences.count += wordCounts[word];
            occurrences.addWord(word);
        }
    }

    private static int[] replace(int[] symbols, Pair pair, int symbol) {
        int[] result = new int[symbols.length];
        int length = 0;
        for (int i = 0; i < symbols.length; i++) {
            boolean found = i + 1 < symbols.length && symbols[i] == pair.left() && symbols[i + 1] == pair.right();
            result[length++] = found ? symbol : symbols[i];
            if (found) {
                i++;
            }
        }
        return Arrays.copyOf(result, length);
    }

    private static long key(int left, int right) {
        return (long) left << Integer.SIZE | right;
    }

    /** A pair's count and the words that hold it, or held it once. */
    private static final class Occurrences {

        private long count;
        private int[] words = new int[1];
        private int size;

        private void addWord(int word) {
            if (size > 0 && words[size - 1] == word) {
                return;
            }
            if (size == words.length) {
                words = Arrays.copyOf(words, 2 * size);
            }
            words[size++] = word;
        }

        private void forgetWords() {
            words = new int[1];
            size = 0;
        }

        private Pair pair(long key) {
            return new Pair((int) (key >>> Integer.SIZE), (int) key, count);
        }
    }
}
