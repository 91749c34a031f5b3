package dev.wuneng.training;

import dev.wuneng.data.pack.Sequences;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** A micro-batch out of arrays [B · T], for what does not come from files. */
public record TokenArrays(int[] inputIds, int[] labels, int[] segmentIds, int[] mask) implements Sequences {
    @Override
    public void copyInputIds(MemorySegment target) {
        copy(inputIds, target);
    }

    @Override
    public void copyLabels(MemorySegment target) {
        copy(labels, target);
    }

    @Override
    public void copySegmentIds(MemorySegment target) {
        copy(segmentIds, target);
    }

    @Override
    public void copyMask(MemorySegment target) {
        copy(mask, target);
    }

    @Override
    public long labelled() {
        return Arrays.stream(labels).filter(l -> l >= 0).count();
    }

    @Override
    public long unmasked() {
        return Arrays.stream(mask).filter(m -> m != 0).count();
    }

    private static void copy(int[] values, MemorySegment target) {
        target.copyFrom(MemorySegment.ofArray(values));
    }
}
