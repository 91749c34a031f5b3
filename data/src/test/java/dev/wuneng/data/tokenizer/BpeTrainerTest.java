package dev.wuneng.data.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import dev.wuneng.data.tokenizer.BpeModel.Merge;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTrainerTest {

    @Test
    void mergesTheMostFrequentPairFirst() {
        BpeModel model = BpeTrainer.train(Stream.of("low low low lower lower newest newest newest"), 263);
        // "lo", "ow" and "we" occur 5 times: of equals the smaller ids win. That leaves "low" 3 times, " lo" 4 times.
        // Then "lo"+"w", "e"+"we", "we"+"s", ... occur 3 times, and "e" has the smallest id of the left symbols.
        assertEquals(List.of(new Merge("l", "o"), new Merge("w", "e"), new Merge("Ġ", "lo"), new Merge("e", "we")),
                model.merges());
        assertEquals(263, model.vocabularySize());
    }

    @Test
    void agreesWithCountingEverythingAnewAtEveryStep() {
        Random random = new Random(7);
        String letters = "aab bc\n1é";
        for (int round = 0; round < 20; round++) {
            String text = random.ints(300, 0, letters.length()).mapToObj(i -> letters.substring(i, i + 1))
                    .collect(Collectors.joining());
            assertEquals(recounted(text, 300), BpeTrainer.train(Stream.of(text), 300).merges());
        }
    }

    @Test
    void stopsWhenNoPairOccursTwice() {
        BpeModel model = BpeTrainer.train(Stream.of("abcdef"), 4096);
        assertEquals(List.of(), model.merges());
        assertEquals(BpeTrainer.MINIMUM_SIZE, model.vocabularySize());
    }

    @Test
    void writesTheSameFileForTheSameText(@TempDir Path folder) throws Exception {
        List<String> texts = List.of("one two three two one", "three two one, zero", "Ünïcödé ünïcödé");
        Path first = folder.resolve("first.json");
        Path second = folder.resolve("second.json");
        BpeTrainer.train(texts.stream(), 290).save(first);
        BpeTrainer.train(texts.stream(), 290).save(second);
        assertEquals(-1, Files.mismatch(first, second));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(2, files.count(), "no temporary file stays");
        }
    }

    @Test
    void refusesAVocabularyWithoutRoomForBytesAndSpecialTokens() {
        DataException e = assertThrows(DataException.class, () -> BpeTrainer.train(Stream.of("text"), 258));
        assertTrue(e.getMessage().contains("258") && e.getMessage().contains("at least 259"), e.getMessage());
        assertThrows(DataException.class, () -> BpeTrainer.train(Stream.of(), 300), "no text");
    }

    /** The definition of the algorithm, without any bookkeeping. */
    private static List<Merge> recounted(String text, int size) {
        Map<String, Long> counts = PreTokenizer.countWords(Stream.of(text));
        List<List<String>> words = new ArrayList<>();
        counts.forEach((word, count) -> {
            for (int i = 0; i < count; i++) {
                words.add(new ArrayList<>(Arrays.stream(ByteAlphabet.symbols(word))
                        .mapToObj(ByteAlphabet.SYMBOLS::get).toList()));
            }
        });
        List<String> tokens = new ArrayList<>(ByteAlphabet.SYMBOLS);
        List<Merge> merges = new ArrayList<>();
        while (tokens.size() < size - 3) {
            Map<Merge, Long> pairs = new HashMap<>();
            words.forEach(word -> {
                for (int i = 1; i < word.size(); i++) {
                    pairs.merge(new Merge(word.get(i - 1), word.get(i)), 1L, Long::sum);
                }
            });
            Comparator<Map.Entry<Merge, Long>> order = Map.Entry.<Merge, Long>comparingByValue().reversed()
                    .thenComparing(pair -> tokens.indexOf(pair.getKey().left()))
                    .thenComparing(pair -> tokens.indexOf(pair.getKey().right()));
            Merge best = pairs.entrySet().stream().filter(pair -> pair.getValue() > 1).min(order).map(Map.Entry::getKey)
                    .orElse(null);
            if (best == null) {
                break;
            }
            words.forEach(word -> {
                for (int i = 1; i < word.size(); i++) {
                    if (word.get(i - 1).equals(best.left()) && word.get(i).equals(best.right())) {
                        word.set(i - 1, best.result());
                        word.remove(i);
                    }
                }
            });
            merges.add(best);
            if (!tokens.contains(best.result())) {
                tokens.add(best.result());
            }
        }
        return merges;
    }
}
