package dev.wuneng.cli.checkpoint;

import dev.wuneng.model.Conversion;
import dev.wuneng.model.checkpoint.Dtype;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code wuneng checkpoint convert}: a model in another dtype, or in other shards. */
@Command(name = "convert", description = "Writes a model again, in another dtype or in shards of another size.")
final class ConvertCommand implements Runnable {
    /** What weights are written in; a {@link Dtype} can also be what is only read. */
    private enum Weights {
        F32, F16, BF16
    }

    @Parameters(index = "0", paramLabel = "SOURCE", description = "a model's folder, or a .safetensors file")
    private Path source;

    @Parameters(index = "1", paramLabel = "DIR", description = "a new folder")
    private Path target;

    @Option(names = "--dtype", paramLabel = "TYPE", description = "${COMPLETION-CANDIDATES}, rounded to the nearest even; as it is unless given")
    private Weights dtype;

    @Option(names = "--shard-size", paramLabel = "SIZE", defaultValue = "5GB", converter = Size.class,
            description = "data a file at most, in B, kB, MB or GB; ${DEFAULT-VALUE} unless given")
    private long shardBytes;

    @Override
    public void run() {
        Conversion.convert(source, target, dtype == null ? null : Dtype.valueOf(dtype.name()), shardBytes);
    }

    /** Sizes as people write them: 200MB, 5 GB, 1000. */
    static final class Size implements ITypeConverter<Long> {
        private static final Pattern FORM = Pattern.compile("(\\d{1,9}) ?(|b|kb|mb|gb)");

        @Override
        public Long convert(String text) {
            Matcher matcher = FORM.matcher(text.toLowerCase(Locale.ROOT));
            if (!matcher.matches() || Long.parseLong(matcher.group(1)) == 0) {
                throw new TypeConversionException(text + " is no size: write 200MB or 5GB, say");
            }
            long unit = switch (matcher.group(2)) {
                case "kb" -> 1_000;
                case "mb" -> 1_000_000;
                case "gb" -> 1_000_000_000;
                default -> 1;
            };
            return Long.parseLong(matcher.group(1)) * unit;
        }
    }
}
