package dev.wuneng.data;

import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.arrow.DocumentWriter;
import dev.wuneng.data.pack.PackedBatch;
import dev.wuneng.data.pack.Packing;
import dev.wuneng.data.pack.TrainingRows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How fast documents become rows, shuffled and packed, with nobody to wait for: run by hand as {@code ReadSpeed DIR SECONDS [GIB]}, which writes
 * so many GiB of random documents first if there is no such folder. Memory is told beside it: of the JVM itself, and pages of mapped files,
 * which the system takes back as it likes.
 */
final class ReadSpeed {

    private static final Packing PACKING = new Packing(4, 2048, 0);
    private static final int VOCABULARY = 150_000;
    private static final long SHARD_TOKENS = 1L << 26;

    private ReadSpeed() {
    }

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        if (!Files.exists(folder)) {
            write(folder, (long) (Double.parseDouble(args[2]) * (1 << 30) / Integer.BYTES));
        }
        double seconds = Double.parseDouble(args[1]);
        try (Dataset dataset = Dataset.open(folder); Arena arena = Arena.ofConfined()) {
            System.out.printf("%,d documents, %,d tokens in %d files%n", dataset.metadata().documents(), dataset.metadata().tokens(), dataset.shards());
            MemorySegment device = arena.allocate(4L * PACKING.rows() * PACKING.length());
            TrainingRows rows = new TrainingRows(dataset, i -> true, PACKING, 1);
            long begin = System.nanoTime();
            long read = 0;
            double told = seconds / 5;
            for (double passed = 0; passed < seconds; passed = (System.nanoTime() - begin) / 1e9) {
                PackedBatch batch = rows.next();
                batch.copyInputIds(device);
                batch.copyLabels(device);
                batch.copySegmentIds(device);
                batch.copyMask(device);
                read += PACKING.rows();
                if (passed > told) {
                    told += seconds / 5;
                    System.out.printf("%.0f s: %,.0f rows/s of %d tokens, %.2f s waited; %s%n", passed, read / passed, PACKING.length(), rows.secondsWaited(), memory());
                }
            }
        }
    }

    private static void write(Path folder, long tokens) throws IOException {
        Files.createDirectories(folder);
        Manifest manifest = new Manifest(Manifest.FORMAT, true, "hash", VOCABULARY, false, SHARD_TOKENS, List.of(), List.of());
        Random random = new Random(1);
        for (long left = tokens; left > 0; left -= SHARD_TOKENS) {
            String name = "part-%05d.arrow".formatted(manifest.shards().size());
            DocumentMetadata written;
            try (DocumentWriter writer = new DocumentWriter(folder.resolve(name), "hash", VOCABULARY, false)) {
                while (writer.tokens() < Math.min(left, SHARD_TOKENS)) {
                    int[] document = new int[random.nextInt(1, 2000)];
                    int first = random.nextInt(VOCABULARY - 2000);
                    for (int i = 0; i < document.length; i++) {
                        document[i] = first + i;
                    }
                    writer.add(document);
                }
                written = writer.finish();
            }
            manifest = manifest.with(new Manifest.Shard(name, Files.size(folder.resolve(name)), written.documents(), written.tokens(), new Manifest.Place(0, 0)));
        }
        manifest.write(folder);
    }

    private static String memory() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return "";
        }
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.matches("(VmHWM|RssAnon|RssFile):.*")).map(line -> line.replaceAll("\\s+", " ")).collect(Collectors.joining(", "));
        }
    }
}
