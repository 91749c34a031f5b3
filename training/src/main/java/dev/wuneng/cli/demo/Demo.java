package dev.wuneng.cli.demo;

import dev.wuneng.cli.Interruption;
import dev.wuneng.cli.ProgressLine;
import dev.wuneng.cli.TrainingProgress;
import dev.wuneng.data.Tokenize;
import dev.wuneng.data.arrow.DocumentMetadata;
import dev.wuneng.data.chat.ChatMl;
import dev.wuneng.data.source.Sample.Conversation;
import dev.wuneng.data.tokenizer.BpeModel;
import dev.wuneng.data.tokenizer.BpeTrainer;
import dev.wuneng.data.tokenizer.Tokenizer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.generate.Generator;
import dev.wuneng.model.generate.Sampling;
import dev.wuneng.model.parameter.Parameters;
import dev.wuneng.model.parameter.Trainable;
import dev.wuneng.training.config.RunConfig;
import dev.wuneng.training.config.RunConfigs;
import dev.wuneng.training.config.Stage;
import dev.wuneng.training.run.Comparison;
import dev.wuneng.training.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The whole pipeline on real text: vocabulary, documents, teacher, alignment, distillation, fine-tuning, generation. */
final class Demo {
    private final DemoPlan plan;
    private final DemoText text;
    private final Path out;
    private final Executor executor;
    private final Interruption interruption;
    private final DemoSummary summary = new DemoSummary();

    Demo(DemoPlan plan, DemoText text, Path out, Executor executor, Interruption interruption) {
        this.plan = plan;
        this.text = text;
        this.out = out;
        this.executor = executor;
        this.interruption = interruption;
    }

    /** @return whether it came to its end */
    boolean run() throws IOException {
        Files.createDirectories(out);
        heading("Text");
        learnVocabulary();
        try (Tokenizer tokenizer = Tokenizer.load(tokenizer())) {
            tokenize(tokenizer);
            for (Stage stage : Stage.values()) {
                if (!train(stage)) {
                    return false;
                }
            }
            heading("Generation");
            generate(tokenizer);
        }
        heading("Summary");
        Parameters student = load(Stage.SFT);
        String table = summary.table(student.count(false), student.count(true));
        System.out.print(table);
        Files.writeString(out.resolve("summary.txt"), table);
        System.out.println("Everything is in " + out);
        return true;
    }

    private static void heading(String title) {
        System.out.println();
        System.out.println("== " + title + " ==");
    }

    private Path tokenizer() {
        return out.resolve("tokenizer.json");
    }

    private Path documents(Stage stage) {
        return out.resolve(stage == Stage.SFT ? "pairs.arrow" : "text.arrow");
    }

    private void learnVocabulary() {
        long start = System.nanoTime();
        BpeModel vocabulary;
        try (Stream<String> documents = text.documents()) {
            vocabulary = BpeTrainer.train(documents, plan.vocabulary());
        }
        vocabulary.save(tokenizer());
        System.out.printf("Learned a vocabulary of %,d tokens in %.1f s: %s%n", vocabulary.vocabularySize(), (System.nanoTime() - start) / 1e9, tokenizer());
    }

    private void tokenize(Tokenizer tokenizer) {
        try (Stream<String> counted = text.documents(); Stream<String> documents = text.documents()) {
            ProgressLine line = new ProgressLine("text", 0, counted.count());
            report(documents(Stage.TEACHER), Tokenize.documents(documents, tokenizer, documents(Stage.TEACHER), shown(line)));
        }
        try (Stream<Conversation> counted = text.pairs(); Stream<Conversation> pairs = text.pairs()) {
            ProgressLine line = new ProgressLine("questions", 0, counted.count());
            report(documents(Stage.SFT), Tokenize.conversations(pairs, tokenizer, documents(Stage.SFT), shown(line)));
        }
    }

    private static Tokenize.Progress shown(ProgressLine line) {
        return (documents, tokens) -> line.update(documents, "%,d tokens".formatted(tokens));
    }

    private static void report(Path file, DocumentMetadata written) {
        System.out.printf("%s: %,d documents, %,d tokens%n", file, written.documents(), written.tokens());
    }

    private boolean train(Stage stage) {
        heading("Training: " + stage);
        RunConfig config = config(stage);
        TrainingProgress progress = new TrainingProgress(stage.toString());
        long start = System.nanoTime();
        if (TrainingRun.run(config, executor, progress, interruption) == TrainingRun.Ending.INTERRUPTED) {
            System.out.println("Stopped; what is there is in " + out);
            return false;
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Comparison comparison = Comparison.of(load(Stage.TEACHER), load(stage), config, executor);
        summary.add(stage, seconds, progress.firstLoss(), progress.lastLoss(), comparison);
        return true;
    }

    private RunConfig config(Stage stage) {
        double rate = DemoPlan.learningRate(stage);
        List<String> settings = new ArrayList<>(List.of(
                "data.file=" + documents(stage), "out=" + folder(stage), "steps=" + plan.steps(stage),
                "learning_rate.start=" + rate, "learning_rate.min=" + rate / 10, "learning_rate.warm_up=" + plan.steps(stage) / 20,
                "evaluation.every=" + plan.steps(stage), "evaluation.batches=8", "checkpoint_every=0"));
        settings.addAll(plan.batch());
        switch (stage) {
            case TEACHER -> {
                settings.addAll(plan.model());
                settings.add("tokenizer=" + tokenizer());
            }
            case ALIGN -> settings.addAll(List.of("teacher=" + model(Stage.TEACHER), "model.state_lora_rank=8"));
            case DISTILL -> settings.addAll(List.of("teacher=" + model(Stage.TEACHER), "student=" + model(Stage.ALIGN),
                    // The distance alone: what the teacher says is all that there is to learn.
                    "distillation.kl=1", "distillation.ce=0"));
            case SFT -> settings.add("student=" + model(Stage.DISTILL));
        }
        return RunConfigs.read(stage, null, settings);
    }

    private Path folder(Stage stage) {
        return out.resolve(stage.toString());
    }

    private Path model(Stage stage) {
        return folder(stage).resolve("model");
    }

    private Parameters load(Stage stage) {
        return Checkpoint.open(model(stage)).load(Trainable.NONE);
    }

    private void generate(Tokenizer tokenizer) {
        Set<Integer> endings = Set.of(tokenizer.endOfText(), new ChatMl(tokenizer).endOfTurn());
        Generator teacher = new Generator(load(Stage.TEACHER), executor);
        Generator student = new Generator(load(Stage.DISTILL), executor);
        Generator tuned = new Generator(load(Stage.SFT), executor);
        for (String beginning : text.beginnings()) {
            int[] prompt = tokenizer.encode(beginning);
            System.out.println(beginning);
            System.out.println("  teacher: " + continuation(teacher, prompt, tokenizer, endings));
            System.out.println("  student: " + continuation(student, prompt, tokenizer, endings));
        }
        for (String question : text.questions()) {
            int[] prompt = new ChatMl(tokenizer).question(question);
            System.out.println(question);
            System.out.println("  teacher, never fine-tuned: " + continuation(teacher, prompt, tokenizer, endings));
            System.out.println("  student, fine-tuned: " + continuation(tuned, prompt, tokenizer, endings));
        }
    }

    private static String continuation(Generator generator, int[] prompt, Tokenizer tokenizer, Set<Integer> endings) {
        int[] ids = generator.generate(prompt, tokenizer.vocabularySize(), 40, new Sampling(0.6, 0.9), 1, endings, id -> { });
        return tokenizer.decode(ids).strip().replace('\n', ' ');
    }
}
