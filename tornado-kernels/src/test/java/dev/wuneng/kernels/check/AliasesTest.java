package dev.wuneng.kernels.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wuneng.kernels.op.Add;
import dev.wuneng.kernels.op.AdamW;
import dev.wuneng.kernels.op.Linear;
import dev.wuneng.kernels.op.Scale;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Launch;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AliasesTest {
    private final Buffer a = Buffer.floats("a", 8);
    private final Buffer b = Buffer.floats("b", 8);

    @Test
    void aBufferTwiceIsFineWhereItIsOnlyRead() {
        assertEquals(List.of(), Aliases.of(Add.sum(a.view(), a.at(4), b.view(), 4)));
    }

    @Test
    void aBufferTwiceIsFoundWhereItIsWritten() {
        assertEquals(List.of("add.sum writes buffer a, which is both its array 1 and its array 2"),
                Aliases.of(Add.sum(b.view(), a.view(), a.at(4), 4)));
        assertEquals(1, Aliases.of(Scale.by(a.view(), a.at(4), 4)).size());
    }

    @Test
    void writesOfHelpersCount() {
        Launch launch = Linear.forward(a.view(), b.view(), a.at(4), 1, 2, 2);
        assertEquals(1, Aliases.of(launch).size());
    }

    @Test
    void writtenArraysAreThoseOfTheFormula() {
        Launch launch = AdamW.update(a.view(), a.view(), a.view(), a.view(), a.view(), a.view(), 1, 0.9f, 0.9f, 1e-8f, 0f);
        assertEquals(Set.of(4, 6, 7), KernelCode.of(launch.kernel()).written());
    }

    @Test
    void noCaseAliases() {
        for (OpCase c : OpCases.all()) {
            c.forward.forEach(launch -> assertEquals(List.of(), Aliases.of(launch), c::toString));
            c.backward.forEach(launch -> assertEquals(List.of(), Aliases.of(launch), c::toString));
        }
    }
}
