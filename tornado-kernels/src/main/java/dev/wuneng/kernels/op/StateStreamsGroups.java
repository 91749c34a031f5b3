package dev.wuneng.kernels.op;

import dev.wuneng.kernels.run.GroupForm;
import dev.wuneng.kernels.run.Kernel;
import java.util.Optional;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link StateStreams} as a GPU wants it: work shared out as in {@link HeadGroups}, sums over tokens as in {@link ColumnGroups}.
 */
final class StateStreamsGroups {
    private StateStreamsGroups() {
    }

    static Optional<GroupForm> forward(int count, int headSize) {
        Kernel.K15<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, IntArray, FloatArray, FloatArray, FloatArray,
                Integer, Integer, Integer> kernel = StateStreamsGroups::stateStreamsGroupsForward;
        return HeadGroups.form(kernel, count, headSize, 1);
    }

    static Optional<GroupForm> backwardGates(int count, int headSize) {
        Kernel.K15<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray,
                Integer, Integer, Integer> kernel = StateStreamsGroups::stateStreamsGroupsBackwardGates;
        return HeadGroups.form(kernel, count, headSize, 0);
    }

    static Optional<GroupForm> backwardKey(int count, int headSize) {
        Kernel.K14<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, IntArray, FloatArray, FloatArray, FloatArray,
                Integer, Integer, Integer> kernel = StateStreamsGroups::stateStreamsGroupsBackwardKey;
        return HeadGroups.form(kernel, count, headSize, 2);
    }

    static Optional<GroupForm> backwardScales(int rows, int columns) {
        Kernel.K12<KernelContext, IntArray, Integer, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, Integer, Integer, Integer, Integer> kernel
                = StateStreamsGroups::stateStreamsGroupsBackwardScales;
        return ColumnGroups.form(kernel, rows, columns, 2);
    }

    public static void stateStreamsGroupsForward(KernelContext context, IntArray at, int p, FloatArray k, FloatArray lw, FloatArray la, FloatArray kk,
            FloatArray ka, IntArray pos, FloatArray streams, FloatArray g, FloatArray a, int heads, int headSize, int count) {
        float[] sums = context.allocateFloatLocalArray(HeadGroups.ITEMS);
        int item = context.localIdx;
        int head = item / HeadGroups.LANES;
        int lane = item - head * HeadGroups.LANES;
        int n = Math.min(context.groupIdx * HeadGroups.HEADS + head, count - 1);
        int row = n / heads;
        int x0 = n * headSize + lane;
        int c0 = (n - row * heads) * headSize + lane;
        int k0 = at.get(p) + x0;
        int lw0 = at.get(p + 1) + x0;
        int la0 = at.get(p + 2) + x0;
        int kk0 = at.get(p + 3) + c0;
        int ka0 = at.get(p + 4) + c0;
        float keep = pos.get(at.get(p + 5) + row) == 0 ? 0f : 1f;
        int s0 = at.get(p + 6) + n * StateStreams.VECTORS * headSize + lane;
        int g0 = at.get(p + 7) + x0;
        int a0 = at.get(p + 8) + x0;
        float[] keys = new float[HeadGroups.MOST];
        float[] products = new float[HeadGroups.MOST];
        float[] decays = new float[HeadGroups.MOST];
        float[] rates = new float[HeadGroups.MOST];
        float[] shares = new float[HeadGroups.MOST];
        float squares = 0f;
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            int j = i * HeadGroups.LANES;
            keys[i] = k.get(k0 + j);
            products[i] = keys[i] * kk.get(kk0 + j);
            decays[i] = lw.get(lw0 + j);
            rates[i] = la.get(la0 + j);
            shares[i] = ka.get(ka0 + j);
            squares += products[i] * products[i];
        }
        sums[item] = squares;
        context.localBarrier();
        squares = 0f;
        for (int q = 0; q < HeadGroups.LANES; q++) {
            squares += sums[head * HeadGroups.LANES + q];
        }
        float scale = 1f / TornadoMath.max(TornadoMath.sqrt(squares), StateStreams.SHORTEST);
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            int j = i * HeadGroups.LANES;
            float gate = StateStreams.stateStreamsSigmoid(decays[i]);
            float rate = StateStreams.stateStreamsSigmoid(rates[i]);
            float removal = products[i] * scale;
            streams.set(s0 + j, keep * TornadoMath.exp(-StateStreams.STEEPEST * gate));
            streams.set(s0 + headSize + j, removal);
            streams.set(s0 + 2 * headSize + j, keep * removal * rate);
            streams.set(s0 + 3 * headSize + j, keys[i] * (1f + (rate - 1f) * shares[i]));
            g.set(g0 + j, gate);
            a.set(a0 + j, rate);
        }
    }

    public static void stateStreamsGroupsBackwardGates(KernelContext context, IntArray at, int p, FloatArray k, FloatArray g, FloatArray a, FloatArray ka,
            IntArray pos, FloatArray streams, FloatArray dstreams, FloatArray dlw, FloatArray dla, int heads, int headSize, int count) {
        int item = context.localIdx;
        int head = item / HeadGroups.LANES;
        int lane = item - head * HeadGroups.LANES;
        int n = Math.min(context.groupIdx * HeadGroups.HEADS + head, count - 1);
        int row = n / heads;
        int x0 = n * headSize + lane;
        int k0 = at.get(p) + x0;
        int g0 = at.get(p + 1) + x0;
        int a0 = at.get(p + 2) + x0;
        int c0 = at.get(p + 3) + (n - row * heads) * headSize + lane;
        float keep = pos.get(at.get(p + 4) + row) == 0 ? 0f : 1f;
        int s0 = at.get(p + 5) + n * StateStreams.VECTORS * headSize + lane;
        int d0 = at.get(p + 6) + n * StateStreams.VECTORS * headSize + lane;
        int dlw0 = at.get(p + 7) + x0;
        int dla0 = at.get(p + 8) + x0;
        float[] forDecay = new float[HeadGroups.MOST];
        float[] forRate = new float[HeadGroups.MOST];
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            int j = i * HeadGroups.LANES;
            float gate = g.get(g0 + j);
            float rate = a.get(a0 + j);
            float da = keep * dstreams.get(d0 + 2 * headSize + j) * streams.get(s0 + headSize + j)
                    + dstreams.get(d0 + 3 * headSize + j) * k.get(k0 + j) * ka.get(c0 + j);
            forDecay[i] = -StateStreams.STEEPEST * dstreams.get(d0 + j) * streams.get(s0 + j) * gate * (1f - gate);
            forRate[i] = da * rate * (1f - rate);
        }
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            dlw.set(dlw0 + i * HeadGroups.LANES, forDecay[i]);
            dla.set(dla0 + i * HeadGroups.LANES, forRate[i]);
        }
    }

    public static void stateStreamsGroupsBackwardKey(KernelContext context, IntArray at, int p, FloatArray k, FloatArray a, FloatArray kk, FloatArray ka,
            IntArray pos, FloatArray dstreams, FloatArray dk, FloatArray dp, int heads, int headSize, int count) {
        float[] squareSums = context.allocateFloatLocalArray(HeadGroups.ITEMS);
        float[] dotSums = context.allocateFloatLocalArray(HeadGroups.ITEMS);
        int item = context.localIdx;
        int head = item / HeadGroups.LANES;
        int lane = item - head * HeadGroups.LANES;
        int n = Math.min(context.groupIdx * HeadGroups.HEADS + head, count - 1);
        int row = n / heads;
        int x0 = n * headSize + lane;
        int c0 = (n - row * heads) * headSize + lane;
        int k0 = at.get(p) + x0;
        int a0 = at.get(p + 1) + x0;
        int kk0 = at.get(p + 2) + c0;
        int ka0 = at.get(p + 3) + c0;
        float keep = pos.get(at.get(p + 4) + row) == 0 ? 0f : 1f;
        int d0 = at.get(p + 5) + n * StateStreams.VECTORS * headSize + lane;
        int dk0 = at.get(p + 6) + x0;
        int dp0 = at.get(p + 7) + x0;
        float[] products = new float[HeadGroups.MOST];
        float[] scales = new float[HeadGroups.MOST];
        float[] gradients = new float[HeadGroups.MOST];
        float[] direct = new float[HeadGroups.MOST];
        float squares = 0f;
        float dot = 0f;
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            int j = i * HeadGroups.LANES;
            float kkj = kk.get(kk0 + j);
            float product = k.get(k0 + j) * kkj;
            float rate = a.get(a0 + j);
            float q = dstreams.get(d0 + headSize + j) + keep * dstreams.get(d0 + 2 * headSize + j) * rate;
            squares += product * product;
            dot += product * q;
            products[i] = product;
            scales[i] = kkj;
            gradients[i] = q;
            direct[i] = dstreams.get(d0 + 3 * headSize + j) * (1f + (rate - 1f) * ka.get(ka0 + j));
        }
        squareSums[item] = squares;
        dotSums[item] = dot;
        context.localBarrier();
        squares = 0f;
        dot = 0f;
        for (int q = 0; q < HeadGroups.LANES; q++) {
            squares += squareSums[head * HeadGroups.LANES + q];
            dot += dotSums[head * HeadGroups.LANES + q];
        }
        float length = TornadoMath.sqrt(squares);
        float scale = 1f / TornadoMath.max(length, StateStreams.SHORTEST);
        // A vector under the least length is only multiplied, so nothing flows through its length.
        float pull = length > StateStreams.SHORTEST ? dot * scale * scale : 0f;
        for (int i = 0; i < headSize / HeadGroups.LANES; i++) {
            float gradient = (gradients[i] - products[i] * pull) * scale;
            dp.set(dp0 + i * HeadGroups.LANES, gradient);
            dk.set(dk0 + i * HeadGroups.LANES, direct[i] + gradient * scales[i]);
        }
    }

    public static void stateStreamsGroupsBackwardScales(KernelContext context, IntArray at, int p, FloatArray k, FloatArray a, FloatArray dp,
            FloatArray dstreams, FloatArray partial, int rows, int heads, int headSize, int block) {
        float[] kkSums = context.allocateFloatLocalArray(ColumnGroups.ITEMS);
        float[] kaSums = context.allocateFloatLocalArray(ColumnGroups.ITEMS);
        int item = context.localIdx;
        int slice = item / ColumnGroups.COLUMNS;
        int columns = heads * headSize;
        int b = ColumnGroups.columnGroupsBlock(context.groupIdx, columns);
        int c = ColumnGroups.columnGroupsColumn(context.groupIdx, item, columns);
        int h = c / headSize;
        int k0 = at.get(p) + c;
        int a0 = at.get(p + 1) + c;
        int dp0 = at.get(p + 2) + c;
        int d0 = at.get(p + 3) + (h * StateStreams.VECTORS + 3) * headSize + c - h * headSize;
        float forKk = 0f;
        float forKa = 0f;
        for (int i = 0; i < block / ColumnGroups.SLICES; i++) {
            int row = b * block + slice + i * ColumnGroups.SLICES;
            int r = Math.min(row, rows - 1);
            float kj = (row < rows ? 1f : 0f) * k.get(k0 + r * columns);
            forKk += dp.get(dp0 + r * columns) * kj;
            forKa += dstreams.get(d0 + r * heads * StateStreams.VECTORS * headSize) * kj * (a.get(a0 + r * columns) - 1f);
        }
        kkSums[item] = forKk;
        kaSums[item] = forKa;
        context.localBarrier();
        if (slice == 0) {
            forKk = 0f;
            forKa = 0f;
            for (int q = 0; q < ColumnGroups.SLICES; q++) {
                forKk += kkSums[q * ColumnGroups.COLUMNS + item];
                forKa += kaSums[q * ColumnGroups.COLUMNS + item];
            }
            int o = at.get(p + 4) + b * columns + c;
            partial.set(o, forKk);
            partial.set(o + (rows + block - 1) / block * columns, forKa);
        }
    }
}
