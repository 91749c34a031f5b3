package dev.wuneng.model.parameter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Buffer.Type;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.JvmExecutor;
import dev.wuneng.model.Checkpoint;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import dev.wuneng.model.SmallModel;
import dev.wuneng.model.checkpoint.Dtype;
import dev.wuneng.model.checkpoint.Tensor;
import dev.wuneng.model.checkpoint.TensorSource;
import dev.wuneng.model.generate.Generator;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What does not train takes the memory of its checkpoint, once, and changes no result. */
class FrozenTest {
    private static final String PLAIN = "\"state_heads\": false";
    private static final String HYBRID = "\"state_heads\": true";
    private static final Trainable ATTENTION = new Trainable(List.of("model.layers.*.self_attn.*"));

    @TempDir
    Path temp;

    private Path teacher;

    @BeforeEach
    void writeTeacher() {
        teacher = save("teacher", SmallModel.parameters(PLAIN), Dtype.BF16);
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void halvesGiveTheSameBitsInHalfTheMemory(Dtype dtype) {
        Checkpoint checkpoint = Checkpoint.open(save("halves", SmallModel.parameters(HYBRID), dtype));
        Parameters kept = checkpoint.load(Trainable.NONE);
        Parameters widened = checkpoint.layOut(Trainable.NONE, Dtype.F32);
        checkpoint.fill(widened);
        long halves = matrices(kept.config());
        assertEquals(2 * halves, bytes(kept, dtype.stored()));
        assertEquals(bytes(widened, Type.F32) - 4 * halves, bytes(kept, Type.F32));
        assertEquals(values(widened), values(kept));
        assertArrayEquals(logits(widened, new JvmExecutor(1)), logits(kept, new JvmExecutor(1)));
        assertArrayEquals(logits(widened, JvmExecutor.plain(1)), logits(kept, JvmExecutor.plain(1)));
    }

    @Test
    void aTeacherThatIsWrittenIsTheSameBytesAgain() throws Exception {
        Path again = temp.resolve("again");
        Checkpoint.save(again, Checkpoint.open(teacher).load(Trainable.NONE), null);
        assertEquals(-1, Files.mismatch(teacher.resolve("model.safetensors"), again.resolve("model.safetensors")));
        assertEquals(-1, Files.mismatch(teacher.resolve("config.json"), again.resolve("config.json")));
    }

    @Test
    void aNewStudentHasItsTeachersFrozenWeights() {
        Parameters taught = Checkpoint.open(teacher).load(Trainable.NONE);
        Parameters student = new Parameters(SmallModel.config(HYBRID), ATTENTION, Frozen.ofTeacher(taught));
        student.copyFrom(taught);
        Initialization.additions(student, 1);
        assertShared(taught, student);
        Map<String, List<Float>> values = values(student);
        values(taught).forEach((name, expected) -> assertEquals(expected, values.get(name), name));
    }

    @Test
    void aStudentThatComesFromAFolderSharesWhatIsTheSameThere() throws Exception {
        Parameters first = Checkpoint.open(teacher).load(Trainable.NONE);
        Parameters fresh = new Parameters(SmallModel.config(HYBRID), ATTENTION, Frozen.ofTeacher(first));
        fresh.copyFrom(first);
        Initialization.additions(fresh, 1);
        Path folder = save("student", fresh, null);
        try (TensorSource written = TensorSource.open(folder)) {
            assertEquals(Dtype.BF16, written.get("model.layers.1.mlp.up_proj.weight").dtype());
            assertEquals(Dtype.F32, written.get("model.layers.1.self_attn.q_proj.weight").dtype());
        }
        Checkpoint open = Checkpoint.open(teacher);
        Parameters taught = open.load(Trainable.NONE);
        Parameters student = Checkpoint.open(folder).layOut(ATTENTION, null, open, taught);
        Checkpoint.open(folder).fill(student);
        assertShared(taught, student);
        assertEquals(values(fresh), values(student));

        // Once something else is in the teacher's folder, the student has its own.
        Parameters other = open.layOut(Trainable.ALL, null);
        open.fill(other);
        other.forEach((name, values) -> {
            if (name.equals("model.layers.2.mlp.up_proj.weight")) {
                values.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, 3, 1f);
            }
        });
        Checkpoint changed = Checkpoint.open(save("changed", other, Dtype.BF16));
        Parameters changedTeacher = changed.load(Trainable.NONE);
        Parameters own = Checkpoint.open(folder).layOut(ATTENTION, null, changed, changedTeacher);
        Checkpoint.open(folder).fill(own);
        String up = "model.layers.*.mlp.up_proj.weight";
        assertNotSame(changedTeacher.view(up).buffer(), own.view(up).buffer());
        assertSame(changedTeacher.view("model.norm.weight").buffer(), own.view("model.norm.weight").buffer());
        assertEquals(values(fresh), values(own));
    }

    @Test
    void whatDoesNotFitIntoHalfPrecisionIsRefused() {
        Parameters large = SmallModel.parameters(PLAIN);
        large.values(ParameterSpec.of(large.config()).getFirst(), 0).setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, 5, 7e4f);
        Checkpoint checkpoint = Checkpoint.open(save("large", large, Dtype.F32));
        Parameters frozen = checkpoint.layOut(Trainable.NONE, Dtype.F16);
        String message = assertThrows(ModelException.class, () -> checkpoint.fill(frozen)).getMessage();
        assertTrue(message.contains("model.embed_tokens.weight that is too large for float16"), message);
    }

    private static void assertShared(Parameters teacher, Parameters student) {
        Set<Buffer> all = new LinkedHashSet<>(teacher.buffers());
        long before = all.stream().mapToLong(Buffer::bytes).sum();
        all.addAll(student.buffers());
        // Beside the teacher's there is what trains, and nothing else.
        assertEquals(student.ranges().stream().mapToLong(r -> r.parameters().bytes()).sum(), all.stream().mapToLong(Buffer::bytes).sum() - before);
        assertSame(teacher.view("model.layers.*.mlp.up_proj.weight").buffer(), student.view("model.layers.*.mlp.up_proj.weight").buffer());
    }

    private Path save(String name, Parameters parameters, Dtype dtype) {
        Path folder = temp.resolve(name);
        Checkpoint.save(folder, parameters, null, dtype, Long.MAX_VALUE);
        return folder;
    }

    /** Elements of all matrices of the frame, each rounded up to where the next one may begin. */
    private static long matrices(ModelConfig config) {
        return ParameterSpec.of(config).stream().filter(ParameterSpec::isFrameMatrix)
                .mapToLong(s -> (long) (s.size() + 15) / 16 * 16 * (s.perLayer() ? config.numHiddenLayers() : 1)).sum();
    }

    private static long bytes(Parameters parameters, Type type) {
        return parameters.buffers().stream().filter(b -> b.type() == type).mapToLong(Buffer::bytes).sum();
    }

    private static float[] logits(Parameters parameters, Executor executor) {
        try (executor) {
            return new Generator(parameters, executor).logits(SmallModel.tokens(40));
        }
    }

    private static Map<String, List<Float>> values(Parameters parameters) {
        Map<String, List<Float>> values = new LinkedHashMap<>();
        parameters.forEach((name, floats) -> values.put(name, floats.elements(ValueLayout.JAVA_FLOAT_UNALIGNED)
                .map(f -> f.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).toList()));
        return values;
    }
}
