package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@link Summary} as a GPU wants it: work shared out as in {@link HeadGroups}, sums over tokens as in {@link ColumnGroups}. */
final class SummaryGroups {
    private SummaryGroups() {
    }

    static Optional<GroupForm> forward(int count, int headSize) {
        Kernel.K14<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray,
                Integer, Integer, Float, Integer> kernel = SummaryGroups::summaryGroupsForward;
        return HeadGroups.form(kernel, count, headSize, 3);
    }

    static Optional<GroupForm> backwardReadout(int count, int headSize) {
        Kernel.K11<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer> kernel
                = SummaryGroups::summaryGroupsBackwardReadout;
        return HeadGroups.form(kernel, count, headSize, 2);
    }

    static Optional<GroupForm> backwardBonus(int count, int headSize) {
        Kernel.K12<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray,
                Integer, Integer, Integer> kernel = SummaryGroups::summaryGroupsBackwardBonus;
        return HeadGroups.form(kernel, count, headSize, 1);
    }

    static Optional<GroupForm> backwardWeights(int rows, int columns) {
        Kernel.K13<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray,
                Integer, Integer, Integer, Integer> kernel = SummaryGroups::summaryGroupsBackwardWeights;
        return ColumnGroups.form(kernel, rows, columns, 3);
    }

    public static void summaryGroupsForward(KernelContext context, IntArray at, int p, FloatArray y, FloatArray weight, FloatArray bias, FloatArray streams,
            FloatArray rk, FloatArray s, FloatArray stats, int heads, int headSize, float eps, int count) {
        float[] sums = context.allocateFloatLocalArray(HeadGroups.ITEMS);
        float[] bonusSums = context.allocateFloatLocalArray(HeadGroups.ITEMS);
        float[] squareSums = context.allocateFloatLocalArray(HeadGroups.ITEMS);
        int item = context.localIdx;
        int head = item / HeadGroups.LANES;
        int lane = item - head * HeadGroups.LANES;
        int n = Math.min(context.groupIdx * HeadGroups.HEADS + head, count - 1);
        int c0 = (n % heads) * headSize + lane;
        int y0 = at.get(p) + n * headSize + lane;
        int w0 = at.get(p + 1) + c0;
        int b0 = at.get(p + 2) + c0;
        int k0 = at.get(p + 3) + (n * StateStreams.VECTORS + 3) * headSize + lane;
        int v0 = k0 + headSize;
        int r0 = v0 + headSize;
        int rk0 = at.get(p + 4) + c0;
        int o0 = at.get(p + 5) + n * headSize + lane;
        float[] readouts = new float[HeadGroups.MOST];
        float[] values = new float[HeadGroups.MOST];
        float[] weights = new float[HeadGroups.MOST];
        float[] biases = new float[HeadGroups.MOST];
        float sum = 0f;
        float bonus = 0f;
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            int j = i * HeadGroups.LANES;
            readouts[i] = y.get(y0 + j);
            values[i] = streams.get(v0 + j);
            weights[i] = weight.get(w0 + j);
            biases[i] = bias.get(b0 + j);
            sum += readouts[i];
            bonus += streams.get(r0 + j) * streams.get(k0 + j) * rk.get(rk0 + j);
        }
        sums[item] = sum;
        bonusSums[item] = bonus;
        context.localBarrier();
        sum = 0f;
        bonus = 0f;
        for (int q = 0; q < HeadGroups.LANES; q++) {
            sum += sums[head * HeadGroups.LANES + q];
            bonus += bonusSums[head * HeadGroups.LANES + q];
        }
        float mean = sum / headSize;
        float squares = 0f;
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            float d = readouts[i] - mean;
            squares += d * d;
        }
        squareSums[item] = squares;
        context.localBarrier();
        squares = 0f;
        for (int q = 0; q < HeadGroups.LANES; q++) {
            squares += squareSums[head * HeadGroups.LANES + q];
        }
        float scale = 1f / TornadoMath.sqrt(squares / headSize + eps);
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            s.set(o0 + i * HeadGroups.LANES, (readouts[i] - mean) * scale * weights[i] + biases[i] + bonus * values[i]);
        }
        if (lane == 0) {
            int t0 = at.get(p + 6) + n * 3;
            stats.set(t0, mean);
            stats.set(t0 + 1, scale);
            stats.set(t0 + 2, bonus);
        }
    }

    public static void summaryGroupsBackwardReadout(KernelContext context, IntArray at, int p, FloatArray y, FloatArray weight, FloatArray stats, FloatArray ds,
            FloatArray dy, int heads, int headSize, int count) {
        float[] sums = context.allocateFloatLocalArray(HeadGroups.ITEMS);
        float[] dotSums = context.allocateFloatLocalArray(HeadGroups.ITEMS);
        int item = context.localIdx;
        int head = item / HeadGroups.LANES;
        int lane = item - head * HeadGroups.LANES;
        int n = Math.min(context.groupIdx * HeadGroups.HEADS + head, count - 1);
        int y0 = at.get(p) + n * headSize + lane;
        int w0 = at.get(p + 1) + (n % heads) * headSize + lane;
        float mean = stats.get(at.get(p + 2) + n * 3);
        float scale = stats.get(at.get(p + 2) + n * 3 + 1);
        int g0 = at.get(p + 3) + n * headSize + lane;
        int d0 = at.get(p + 4) + n * headSize + lane;
        float[] gradients = new float[HeadGroups.MOST];
        float[] centred = new float[HeadGroups.MOST];
        float sum = 0f;
        float dot = 0f;
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            int j = i * HeadGroups.LANES;
            gradients[i] = ds.get(g0 + j) * weight.get(w0 + j);
            centred[i] = y.get(y0 + j) - mean;
            sum += gradients[i];
            dot += gradients[i] * centred[i];
        }
        sums[item] = sum;
        dotSums[item] = dot;
        context.localBarrier();
        sum = 0f;
        dot = 0f;
        for (int q = 0; q < HeadGroups.LANES; q++) {
            sum += sums[head * HeadGroups.LANES + q];
            dot += dotSums[head * HeadGroups.LANES + q];
        }
        float level = sum / headSize;
        float pull = dot * scale * scale / headSize;
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            dy.set(d0 + i * HeadGroups.LANES, scale * (gradients[i] - level - centred[i] * pull));
        }
    }

    public static void summaryGroupsBackwardBonus(KernelContext context, IntArray at, int p, FloatArray streams, FloatArray rk, FloatArray stats, FloatArray ds,
            FloatArray dstreams, FloatArray dc, int heads, int headSize, int count) {
        float[] sums = context.allocateFloatLocalArray(HeadGroups.ITEMS);
        int item = context.localIdx;
        int head = item / HeadGroups.LANES;
        int lane = item - head * HeadGroups.LANES;
        int place = context.groupIdx * HeadGroups.HEADS + head;
        int n = Math.min(place, count - 1);
        int k0 = at.get(p) + (n * StateStreams.VECTORS + 3) * headSize + lane;
        int rk0 = at.get(p + 1) + (n % heads) * headSize + lane;
        float bonus = stats.get(at.get(p + 2) + n * 3 + 2);
        int g0 = at.get(p + 3) + n * headSize + lane;
        int d0 = at.get(p + 4) + (n * StateStreams.VECTORS + 3) * headSize + lane;
        float[] forKey = new float[HeadGroups.MOST];
        float[] forReadout = new float[HeadGroups.MOST];
        float[] gradients = new float[3 * HeadGroups.MOST];
        float sum = 0f;
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            int j = i * HeadGroups.LANES;
            float dsj = ds.get(g0 + j);
            float rkj = rk.get(rk0 + j);
            sum += dsj * streams.get(k0 + headSize + j);
            forKey[i] = streams.get(k0 + 2 * headSize + j) * rkj;
            forReadout[i] = streams.get(k0 + j) * rkj;
            gradients[3 * i] = dstreams.get(d0 + j);
            gradients[3 * i + 1] = dstreams.get(d0 + headSize + j) + bonus * dsj;
            gradients[3 * i + 2] = dstreams.get(d0 + 2 * headSize + j);
        }
        sums[item] = sum;
        context.localBarrier();
        sum = 0f;
        for (int q = 0; q < HeadGroups.LANES; q++) {
            sum += sums[head * HeadGroups.LANES + q];
        }
        // Those that stand in for a missing head may have read what the last one's items had added already.
        if (place < count) {
            for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
                int d = d0 + i * HeadGroups.LANES;
                dstreams.set(d, gradients[3 * i] + sum * forKey[i]);
                dstreams.set(d + headSize, gradients[3 * i + 1]);
                dstreams.set(d + 2 * headSize, gradients[3 * i + 2] + sum * forReadout[i]);
            }
            if (lane == 0) {
                dc.set(at.get(p + 5) + n, sum);
            }
        }
    }

    public static void summaryGroupsBackwardWeights(KernelContext context, IntArray at, int p, FloatArray y, FloatArray streams, FloatArray stats, FloatArray ds,
            FloatArray dc, FloatArray partial, int rows, int heads, int headSize, int block) {
        float[] weightSums = context.allocateFloatLocalArray(ColumnGroups.ITEMS);
        float[] biasSums = context.allocateFloatLocalArray(ColumnGroups.ITEMS);
        float[] rkSums = context.allocateFloatLocalArray(ColumnGroups.ITEMS);
        int item = context.localIdx;
        int slice = item / ColumnGroups.COLUMNS;
        int columns = heads * headSize;
        int b = ColumnGroups.columnGroupsBlock(context.groupIdx, columns);
        int c = ColumnGroups.columnGroupsColumn(context.groupIdx, item, columns);
        int h = c / headSize;
        int y0 = at.get(p) + c;
        int k0 = at.get(p + 1) + (h * StateStreams.VECTORS + 3) * headSize + c - h * headSize;
        int t0 = at.get(p + 2) + h * 3;
        int g0 = at.get(p + 3) + c;
        int dc0 = at.get(p + 4) + h;
        float forWeight = 0f;
        float forBias = 0f;
        float forRk = 0f;
        for (int i = 0; i < block / ColumnGroups.SLICES; i++) {
            int row = b * block + slice + i * ColumnGroups.SLICES;
            int r = Math.min(row, rows - 1);
            float counts = row < rows ? 1f : 0f;
            int t = t0 + r * heads * 3;
            int k = k0 + r * heads * StateStreams.VECTORS * headSize;
            float g = counts * ds.get(g0 + r * columns);
            forWeight += g * (y.get(y0 + r * columns) - stats.get(t)) * stats.get(t + 1);
            forBias += g;
            forRk += counts * dc.get(dc0 + r * heads) * streams.get(k) * streams.get(k + 2 * headSize);
        }
        weightSums[item] = forWeight;
        biasSums[item] = forBias;
        rkSums[item] = forRk;
        context.localBarrier();
        if (slice == 0) {
            forWeight = 0f;
            forBias = 0f;
            forRk = 0f;
            for (int q = 0; q < ColumnGroups.SLICES; q++) {
                forWeight += weightSums[q * ColumnGroups.COLUMNS + item];
                forBias += biasSums[q * ColumnGroups.COLUMNS + item];
                forRk += rkSums[q * ColumnGroups.COLUMNS + item];
            }
            int size = (rows + block - 1) / block * columns;
            int o = at.get(p + 5) + b * columns + c;
            partial.set(o, forWeight);
            partial.set(o + size, forBias);
            partial.set(o + 2 * size, forRk);
        }
    }
}
