package dev.wuneng.cli;

import dev.wuneng.cli.bench.BenchCommand;
import dev.wuneng.cli.checkpoint.CheckpointCommand;
import dev.wuneng.cli.data.DataCommand;
import dev.wuneng.cli.demo.DemoCommand;
import dev.wuneng.data.DataException;
import dev.wuneng.kernels.run.KernelException;
import dev.wuneng.model.ModelException;
import dev.wuneng.training.TrainingException;
import dev.wuneng.training.config.ConfigException;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program's entry: {@code ./wuneng}. Each subcommand is a class of its own in this package. */
@Command(
        name = "wuneng",
        description = "Qwen2 with RWKV-7 state heads: trains and runs it on the JVM or on TornadoVM.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        scope = CommandLine.ScopeType.INHERIT,
        subcommands = {DemoCommand.class, TokenizeCommand.class, DataCommand.class, TrainCommand.class, GenerateCommand.class, GoldenCommand.class, BenchCommand.class,
            DevicesCommand.class, ConformanceCommand.class, CheckpointCommand.class})
public final class Main implements Runnable {
    /** Something that the user can mend. */
    private static final int FAILED = 1;
    /** A fault of the program: EX_SOFTWARE of sysexits.h. */
    private static final int BROKEN = 70;

    /** Errors whose message is for the user as it is. */
    private static final List<Class<? extends Exception>> EXPLAINED = List.of(
            DataException.class, ModelException.class, KernelException.class, ConfigException.class, TrainingException.class);

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        // Numbers look the same everywhere.
        Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
        System.exit(run(args));
    }

    /** Runs a command and returns its exit status. */
    static int run(String... args) {
        CommandLine line = new CommandLine(new Main());
        TrainCommand.explainKeys(line.getSubcommands().get("train").getCommandSpec());
        line.setCaseInsensitiveEnumValuesAllowed(true).setExecutionExceptionHandler((e, command, parsed) -> report(e));
        try {
            return line.execute(args);
        } catch (OutOfMemoryError e) {
            System.err.println("wuneng: the memory that the JVM may use is full (" + e.getMessage()
                    + "): give it more with WUNENG_JAVA_OPTS=-Xmx4g, say, or with -XX:MaxDirectMemorySize=8g in it for what is outside of the heap");
            return FAILED;
        }
    }

    private static int report(Exception e) {
        if (EXPLAINED.contains(e.getClass())) {
            System.err.println("wuneng: " + e.getMessage());
            return FAILED;
        }
        e.printStackTrace();
        return BROKEN;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing subcommand.");
    }

    /** The jar's version; classes that run outside of the jar have none. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"wuneng " + (version == null ? "(development)" : version)};
        }
    }
}
