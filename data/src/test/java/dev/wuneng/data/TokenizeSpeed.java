package dev.wuneng.data;

import com.sun.management.OperatingSystemMXBean;
import dev.wuneng.data.source.PlacedSamples;
import dev.wuneng.data.source.Sample;
import dev.wuneng.data.source.SourceFile;
import dev.wuneng.data.source.SourceFiles;
import dev.wuneng.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How fast files become documents, against the tokenizer's library alone on the same processors: run by hand as
 * {@code TokenizeSpeed TOKENIZER OUT SOURCE...} ({@code OUT}: a folder that does not exist). Both are measured in time of processors,
 * everything that the JVM does beside included, so that other work on the machine does not count; where all processors are kept busy it is
 * the ratio of the speeds too. With a small heap it also shows that memory does not grow with the sources.
 */
final class TokenizeSpeed {

    // The library's own speed needs all texts in memory: a part of them is enough to measure it.
    private static final long LIBRARY_CHARACTERS = 8_000_000;

    private TokenizeSpeed() {
    }

    public static void main(String[] args) throws IOException {
        List<SourceFile> sources = SourceFiles.find(List.of(args).subList(2, args.length), Optional.empty(), Optional.empty());
        try (Tokenizer tokenizer = Tokenizer.load(Path.of(args[0]))) {
            List<String> texts = texts(sources);
            long bytes = texts.stream().mapToLong(text -> text.getBytes().length).sum();
            // The first pass warms up caches and compilers.
            library(tokenizer, texts);
            double library = bytes / library(tokenizer, texts) / 1e6;
            long cpuBegin = cpuNanos();
            long begin = System.nanoTime();
            Manifest manifest = TokenizedFolder.write(sources, tokenizer, Path.of(args[1]), TokenizedFolder.SHARD_TOKENS, done -> { });
            double seconds = (System.nanoTime() - begin) / 1e9;
            double cpuSeconds = (cpuNanos() - cpuBegin) / 1e9;
            double all = manifest.sources().stream().mapToLong(Manifest.Source::bytes).sum() / 1e6;
            System.out.printf("a second of a processor: library alone %.2f MB, files to documents %.2f MB: %.0f %%%n", library, all / cpuSeconds,
                    100 * all / cpuSeconds / library);
            System.out.printf("%.2f MB/s, %.0f %% of the processors' time%n", all / seconds,
                    100 * cpuSeconds / seconds / Runtime.getRuntime().availableProcessors());
            System.out.printf("%,d documents, %,d tokens, %.0f s; heap at most %d MiB, %s%n", manifest.documents(), manifest.tokens(), seconds,
                    Runtime.getRuntime().maxMemory() >> 20, highWater());
        }
    }

    private static List<String> texts(List<SourceFile> sources) {
        List<String> texts = new ArrayList<>();
        try (PlacedSamples samples = new PlacedSamples(sources, 0, 0)) {
            for (long characters = 0; characters < LIBRARY_CHARACTERS && samples.hasNext();) {
                if (samples.next().sample() instanceof Sample.Text text) {
                    texts.add(text.text());
                    characters += text.characters();
                }
            }
        }
        return texts;
    }

    private static double library(Tokenizer tokenizer, List<String> texts) {
        long begin = cpuNanos();
        IntStream.range(0, texts.size()).parallel().forEach(i -> tokenizer.encodeDocument(texts.get(i)));
        return (cpuNanos() - begin) / 1e9;
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static String highWater() throws IOException {
        Path status = Path.of("/proc/self/status");
        return Files.exists(status) ? Files.readAllLines(status).stream().filter(line -> line.startsWith("VmHWM")).findFirst().orElse("") : "";
    }
}
