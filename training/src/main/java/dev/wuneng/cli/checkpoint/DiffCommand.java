package dev.wuneng.cli.checkpoint;

import dev.wuneng.model.checkpoint.Difference;
import dev.wuneng.model.checkpoint.Tensor;
import dev.wuneng.model.checkpoint.TensorSource;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code wuneng checkpoint diff}: where two models differ. */
@Command(name = "diff", description = "Compares two models tensor by tensor, and fails if they differ.")
final class DiffCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "A", description = "a model's folder, or a .safetensors file")
    private Path first;

    @Parameters(index = "1", paramLabel = "B", description = "what to compare with it")
    private Path second;

    @Option(names = "--tolerance", paramLabel = "X", defaultValue = "0",
            description = "the relative difference ‖a − b‖ / ‖a‖ of a tensor that passes, ${DEFAULT-VALUE} unless given")
    private double tolerance;

    @Override
    public Integer call() {
        try (TensorSource a = TensorSource.open(first); TensorSource b = TensorSource.open(second)) {
            int differ = 0;
            double largest = 0;
            for (Tensor tensor : a.tensors()) {
                if (!b.has(tensor.name())) {
                    System.out.println("only in " + first + ": " + tensor.name());
                    differ++;
                    continue;
                }
                Difference difference = Difference.of(tensor, b.get(tensor.name()));
                // Not max: a NaN is the worst of all.
                largest = difference.within(largest) ? largest : difference.relative();
                if (!difference.within(tolerance)) {
                    differ++;
                    print(difference);
                }
            }
            for (Tensor tensor : b.tensors()) {
                if (!a.has(tensor.name())) {
                    System.out.println("only in " + second + ": " + tensor.name());
                    differ++;
                }
            }
            System.out.printf("%d of %d tensors differ by more than %s; the largest relative difference is %.2e%n", differ, a.tensors().size(), tolerance, largest);
            return differ == 0 ? 0 : 1;
        }
    }

    private static void print(Difference difference) {
        Tensor a = difference.a();
        Tensor b = difference.b();
        if (Arrays.equals(a.shape(), b.shape())) {
            System.out.printf("%s: %.2e%s%n", a.name(), difference.relative(), a.dtype() == b.dtype() ? "" : " (" + a.dtype() + ", " + b.dtype() + ")");
        } else {
            System.out.printf("%s: shapes %s and %s%n", a.name(), Arrays.toString(a.shape()), Arrays.toString(b.shape()));
        }
    }
}
