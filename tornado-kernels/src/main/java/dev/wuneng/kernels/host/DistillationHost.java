package dev.wuneng.kernels.host;

import dev.wuneng.kernels.run.HostBody;
import dev.wuneng.kernels.run.Scratch;
import dev.wuneng.kernels.run.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@link dev.wuneng.kernels.op.Distillation}'s losses and gradient, a row at a time, in two passes as in {@link CrossEntropyHost}; the second begins where
 * the first ended, with what is still in the cache. The first puts u = exp((s − top) / τ) in the place of s, where top is the largest s of the runs of
 * columns before, so that no run is read twice. For whole τ, exp(s − top) is u^τ, and the passes take three exps of an element; for others the first pass
 * only sums, and they take six. Items are rows.
 */
public final class DistillationHost implements HostBody {
    private static final int LENGTH = Lanes.LENGTH;
    private static final int COLUMNS = SoftmaxHost.COLUMNS;
    /** Values a row leaves. */
    private static final int STATS = 3;
    /** Sums of a vocabulary of numbers up to exp of this stay far below the greatest number. */
    private static final float HIGHEST_EXPONENT = 60;
    /** A power above this costs more than another exp. */
    private static final int HIGHEST_POWER = 8;
    /** Where, behind the numbers of the loops, the top of each run of columns stands. */
    private static final int TOPS = 6;

    private final View student;
    private final View teacher;
    private final View labels;
    private final View mask;
    private final View scales;
    private final View stats;
    private final View kl;
    private final View ce;
    private final int studentWidth;
    private final int teacherWidth;
    private final int tokens;
    private final float temperature;
    private final float coldness;
    /** τ where it is a small whole number, and 0 elsewhere. */
    private final int power;
    private final RowLoop largest = SoftmaxHost::largest;
    private final RowLoop sum = SoftmaxHost::sum;
    private final RowLoop rescale = SoftmaxHost::scale;
    private final RowLoop weigh = DistillationHost::weigh;
    private final RowLoop blend = DistillationHost::blend;
    private final RowLoop subtract = DistillationHost::subtract;

    /**
     * The form of the launches with the views student, teacher, partial; student, labels, mask, partial, stats, kl, ce; student, teacher, labels, mask,
     * stats, scales.
     */
    public DistillationHost(View student, View teacher, View labels, View mask, View scales, View stats, View kl, View ce, int studentWidth,
            int teacherWidth, int tokens, float temperature) {
        this.student = student;
        this.teacher = teacher;
        this.labels = labels;
        this.mask = mask;
        this.scales = scales;
        this.stats = stats;
        this.kl = kl;
        this.ce = ce;
        this.studentWidth = studentWidth;
        this.teacherWidth = teacherWidth;
        this.tokens = tokens;
        this.temperature = temperature;
        coldness = 1 / temperature;
        power = temperature == Math.rint(temperature) && temperature <= HIGHEST_POWER ? (int) temperature : 0;
    }

    /** What the first pass sums of a row, s and t relative to their tops: exp(s), exp(s / τ), e = exp(t / τ), and e (t − s). */
    private static final class Sums {
        float topS = SoftmaxHost.LOWEST;
        float topT = SoftmaxHost.LOWEST;
        double hard;
        double warmS;
        double warmT;
        double apart;

        /** Makes the sums relative to other tops. */
        void raise(float toS, float toT, float temperature) {
            double riseS = toS - topS;
            double riseT = toT - topT;
            double keep = Math.exp(-riseT / temperature);
            hard *= Math.exp(-riseS);
            warmS *= Math.exp(-riseS / temperature);
            apart = (apart + warmT * (riseS - riseT)) * keep;
            warmT *= keep;
            topS = toS;
            topT = toT;
        }
    }

    @Override
    public void run(int from, int to, int[] at, Scratch scratch) {
        float[] n = scratch.floats(TOPS + SoftmaxHost.runs(tokens));
        for (int r = from; r < to; r++) {
            row(r, at, n);
        }
    }

    private void row(int r, int[] at, float[] n) {
        FloatArray logits = student.floats();
        int s0 = at[0] + r * studentWidth;
        int t0 = at[1] + r * teacherWidth;
        int label = labels.buffer().ints().get(at[4] + r);
        boolean distilled = mask.buffer().ints().get(at[5] + r) != 0;
        float soft = distilled ? scales.floats().get(at[15]) * temperature : 0f;
        float hard = label < 0 ? 0f : scales.floats().get(at[15] + 1);
        float target = label < 0 ? 0f : logits.get(s0 + label);
        boolean counted = distilled || label >= 0;
        Sums sums = new Sums();
        if (counted) {
            sum(sums, s0, t0, n);
            gradient(sums, s0, t0, soft, hard, n);
        }
        int rest = counted ? tokens : 0;
        student.segment().asSlice(4L * (s0 + rest), 4L * (studentWidth - rest)).fill((byte) 0);
        if (label >= 0) {
            logits.set(s0 + label, logits.get(s0 + label) - hard);
        }
        double lse = sums.topS + Math.log(sums.hard);
        double divergence = sums.apart / (temperature * sums.warmT) - Math.log(sums.warmT) + Math.log(sums.warmS);
        kl.floats().set(at[8] + r, distilled ? (float) (temperature * temperature * divergence) : 0f);
        ce.floats().set(at[9] + r, label < 0 ? 0f : (float) (lse - target));
        FloatArray left = stats.floats();
        left.set(at[7] + r * STATS, (float) lse);
        left.set(at[7] + r * STATS + 1, (float) (sums.topS * coldness + Math.log(sums.warmS)));
        left.set(at[7] + r * STATS + 2, (float) (sums.topT * coldness + Math.log(sums.warmT)));
    }

    private void sum(Sums sums, int s0, int t0, float[] n) {
        MemorySegment s = student.segment();
        raise(sums, s0, t0, Math.min(tokens, COLUMNS), n);
        for (int run = 0; run < SoftmaxHost.runs(tokens); run++) {
            int first = run * COLUMNS;
            int size = Math.min(tokens - first, COLUMNS);
            int done = 0;
            while (done < size) {
                n[0] = sums.topS;
                n[1] = sums.topT;
                n[2] = coldness;
                n[3] = power;
                RowLoop.run(weigh, s, s0 + first + done, teacher.segment(), t0 + first + done, size - done, n);
                sums.warmS += n[0];
                sums.hard += n[1];
                sums.warmT += n[2];
                sums.apart += n[3];
                done += (int) n[4];
                if (done < size) {
                    float top = sums.topS;
                    raise(sums, s0 + first + done, t0 + first + done, size - done, n);
                    n[0] = (float) Math.exp((top - sums.topS) * coldness);
                    RowLoop.run(rescale, s, s0 + first, s, 0, power > 0 ? done : 0, n);
                }
            }
            n[TOPS + run] = sums.topS;
            if (power == 0) {
                n[0] = sums.topS;
                n[1] = 1;
                RowLoop.run(sum, s, s0 + first, s, 0, size, n);
                sums.hard += n[2];
            }
        }
    }

    /** Makes the sums of a row relative to the largest of the columns that follow, unless what they are relative to is larger. */
    private void raise(Sums sums, int s0, int t0, int size, float[] n) {
        RowLoop.run(largest, student.segment(), s0, student.segment(), 0, size, n);
        float topS = n[0];
        RowLoop.run(largest, teacher.segment(), t0, teacher.segment(), 0, size, n);
        sums.raise(Math.max(sums.topS, topS), Math.max(sums.topT, n[0]), temperature);
    }

    private void gradient(Sums sums, int s0, int t0, float soft, float hard, float[] n) {
        MemorySegment s = student.segment();
        MemorySegment t = teacher.segment();
        for (int run = SoftmaxHost.runs(tokens) - 1; run >= 0; run--) {
            int first = run * COLUMNS;
            int size = Math.min(tokens - first, COLUMNS);
            double below = power > 0 ? n[TOPS + run] - sums.topS : 0;
            n[0] = sums.topS;
            n[1] = coldness;
            n[2] = (float) (soft * Math.exp(below * coldness) / sums.warmS);
            n[3] = (float) (hard * Math.exp(below) / sums.hard);
            if (power == 0) {
                RowLoop.run(blend, s, s0 + first, t, 0, size, n);
                n[2] = 1;
                n[3] = 0;
            }
            n[0] = sums.topT;
            n[4] = (float) (soft / sums.warmT);
            n[5] = power;
            RowLoop.run(subtract, s, s0 + first, t, t0 + first, size, n);
        }
    }

    /**
     * With s = x − n₀, t = y − n₁, u = exp(s n₂) and e = exp(t n₂): Σ u → n₀, Σ u^n₃ → n₁, Σ e → n₂, Σ e (t − s) → n₃, and unless n₃ is 0 the u in the place of
     * x. The loop ends before an s or t n₂ that exp is too small for; how many columns it came → n₄.
     */
    private static void weigh(MemorySegment x, int x0, MemorySegment y, int y0, int size, float[] n) {
        FloatVector warmS = Lanes.of(0f);
        FloatVector hard = warmS;
        FloatVector warmT = warmS;
        FloatVector apart = warmS;
        float topS = n[0];
        float topT = n[1];
        float coldness = n[2];
        int power = (int) n[3];
        float highest = HIGHEST_EXPONENT / coldness;
        int j = 0;
        for (; j <= size - LENGTH; j += LENGTH) {
            FloatVector s = Lanes.load(x, x0 + j).sub(topS);
            FloatVector t = Lanes.load(y, y0 + j).sub(topT);
            if (s.compare(VectorOperators.GT, HIGHEST_EXPONENT).or(t.compare(VectorOperators.GT, highest)).anyTrue()) {
                break;
            }
            FloatVector u = VectorMath.weight(s.mul(coldness));
            if (power > 0) {
                Lanes.store(u, x, x0 + j);
            }
            FloatVector e = VectorMath.weight(t.mul(coldness));
            warmS = warmS.add(u);
            warmT = warmT.add(e);
            apart = e.fma(t.sub(s), apart);
            FloatVector raised = u;
            for (int i = 1; i < power; i++) {
                raised = raised.mul(u);
            }
            hard = hard.add(raised);
        }
        n[0] = Lanes.sum(warmS);
        n[1] = Lanes.sum(hard);
        n[2] = Lanes.sum(warmT);
        n[3] = Lanes.sum(apart);
        for (; j < size && j > size - LENGTH; j++) {
            float s = x.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (x0 + j)) - topS;
            float t = y.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (y0 + j)) - topT;
            if (s > HIGHEST_EXPONENT || t > highest) {
                break;
            }
            float u = (float) Math.exp(s * coldness);
            float e = (float) Math.exp(t * coldness);
            if (power > 0) {
                x.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (x0 + j), u);
            }
            n[0] += u;
            n[1] += (float) Math.pow(u, power);
            n[2] += e;
            n[3] += e * (t - s);
        }
        n[1] = power > 0 ? n[1] : 0;
        n[4] = j;
    }

    /** n₂ exp((x − n₀) n₁) + n₃ exp(x − n₀) in the place of x. */
    private static void blend(MemorySegment x, int x0, MemorySegment y, int y0, int size, float[] n) {
        float top = n[0];
        float coldness = n[1];
        int j = 0;
        for (; j <= size - LENGTH; j += LENGTH) {
            FloatVector s = Lanes.load(x, x0 + j).sub(top);
            FloatVector soft = VectorMath.weight(s.mul(coldness)).mul(n[2]);
            Lanes.store(VectorMath.weight(s).fma(Lanes.of(n[3]), soft), x, x0 + j);
        }
        for (; j < size; j++) {
            float s = x.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (x0 + j)) - top;
            x.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (x0 + j), (float) (n[2] * Math.exp(s * coldness) + n[3] * Math.exp(s)));
        }
    }

    /** n₂ x + n₃ x^n₅ − n₄ exp((y − n₀) n₁) in the place of x. */
    private static void subtract(MemorySegment x, int x0, MemorySegment y, int y0, int size, float[] n) {
        float topT = n[0];
        float coldness = n[1];
        FloatVector soft = Lanes.of(n[2]);
        FloatVector hard = Lanes.of(n[3]);
        FloatVector less = Lanes.of(-n[4]);
        int power = (int) n[5];
        int j = 0;
        for (; j <= size - LENGTH; j += LENGTH) {
            FloatVector u = Lanes.load(x, x0 + j);
            FloatVector e = SoftmaxHost.weight(Lanes.load(y, y0 + j), topT, coldness);
            Lanes.store(e.fma(less, u.fma(soft, SoftmaxHost.power(u, power).mul(hard))), x, x0 + j);
        }
        if (j < size) {
            FloatVector u = Lanes.load(x, x0 + j, size - j);
            FloatVector e = SoftmaxHost.weight(Lanes.load(y, y0 + j, size - j), topT, coldness);
            Lanes.store(e.fma(less, u.fma(soft, SoftmaxHost.power(u, power).mul(hard))), x, x0 + j, size - j);
        }
    }
}
