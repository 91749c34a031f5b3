package dev.wuneng.kernels.check;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Copies of kernels with one fault each, of the kinds that compilers, drivers and people make. */
final class FaultyKernels {
    private FaultyKernels() {
    }

    static void normSumsOneTooFew(int from, int to, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray y, FloatArray rstd,
            int width, int groups, float eps) {
        for (int r = from; r < to; r++) {
            norm(r, at, p, x, weight, y, rstd, width, r % groups, eps, 1, width);
        }
    }

    static void normWithSwappedGroup(int from, int to, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray y, FloatArray rstd,
            int width, int groups, float eps) {
        for (int r = from; r < to; r++) {
            norm(r, at, p, x, weight, y, rstd, width, Math.min(groups - 1, r / groups), eps, 0, width);
        }
    }

    static void normLeavesLastCell(int from, int to, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray y, FloatArray rstd,
            int width, int groups, float eps) {
        for (int r = from; r < to; r++) {
            norm(r, at, p, x, weight, y, rstd, width, r % groups, eps, 0, width - 1);
        }
    }

    static void normWritesBehindTheEnd(int from, int to, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray y, FloatArray rstd,
            int width, int groups, float eps) {
        for (int r = from; r < to; r++) {
            norm(r, at, p, x, weight, y, rstd, width, r % groups, eps, 0, width);
        }
        rstd.set(at.get(p + 3) + to, 0f);
    }

    static void normChangesItsInput(int from, int to, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray y, FloatArray rstd,
            int width, int groups, float eps) {
        for (int r = from; r < to; r++) {
            norm(r, at, p, x, weight, y, rstd, width, r % groups, eps, 0, width);
        }
        x.set(at.get(p), x.get(at.get(p)) + 1e-7f * (1f + Math.abs(x.get(at.get(p)))));
    }

    static void normDependsOnWhatWasThere(int from, int to, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray y, FloatArray rstd,
            int width, int groups, float eps) {
        for (int r = from; r < to; r++) {
            float before = rstd.get(at.get(p + 3) + r);
            norm(r, at, p, x, weight, y, rstd, width, r % groups, eps, 0, width);
            if (before == before) {
                rstd.set(at.get(p + 3) + r, Math.nextUp(rstd.get(at.get(p + 3) + r)));
            }
        }
    }

    private static void norm(int r, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray y, FloatArray rstd, int width, int group,
            float eps, int first, int end) {
        int x0 = at.get(p) + r * width;
        float squares = 0f;
        for (int j = first; j < width; j++) {
            squares += x.get(x0 + j) * x.get(x0 + j);
        }
        float scale = 1f / TornadoMath.sqrt(squares / width + eps);
        for (int j = 0; j < end; j++) {
            y.set(at.get(p + 2) + r * width + j, x.get(x0 + j) * scale * weight.get(at.get(p + 1) + group * width + j));
        }
        rstd.set(at.get(p + 3) + r, scale);
    }

    static void normGradientWithoutPull(int from, int to, IntArray at, int p, FloatArray x, FloatArray weight, FloatArray rstd, FloatArray dy,
            FloatArray dx, int width, int groups, int adds) {
        for (int r = from; r < to; r++) {
            for (int j = 0; j < width; j++) {
                int d = at.get(p + 4) + r * width + j;
                float g = dy.get(at.get(p + 3) + r * width + j) * weight.get(at.get(p + 1) + r % groups * width + j);
                dx.set(d, (adds == 1 ? dx.get(d) : 0f) + rstd.get(at.get(p + 2) + r) * g);
            }
        }
    }

    /** Writes where it should add. */
    static void sumReplacesTotal(int from, int to, IntArray at, int p, FloatArray partial, FloatArray total, int blocks, int columns) {
        for (int c = from; c < to; c++) {
            float sum = 0f;
            for (int b = 0; b < blocks; b++) {
                sum += partial.get(at.get(p) + b * columns + c);
            }
            total.set(at.get(p + 1) + c, sum);
        }
    }

    /** Ends each block one row early. */
    static void sumLosesRows(int from, int to, IntArray at, int p, FloatArray matrix, FloatArray partial, int rows, int columns, int block) {
        for (int i = from; i < to; i++) {
            int b = i / columns;
            float sum = 0f;
            for (int r = b * block; r < Math.min(rows, (b + 1) * block - 1); r++) {
                sum += matrix.get(at.get(p) + r * columns + i % columns);
            }
            partial.set(at.get(p + 1) + i, sum);
        }
    }

    /** A wrong reduction: the largest instead of the sum. */
    static void sumTakesLargest(int from, int to, IntArray at, int p, FloatArray matrix, FloatArray partial, int rows, int columns, int block) {
        for (int i = from; i < to; i++) {
            int b = i / columns;
            float sum = -1e30f;
            for (int r = b * block; r < Math.min(rows, (b + 1) * block); r++) {
                sum = Math.max(sum, matrix.get(at.get(p) + r * columns + i % columns));
            }
            partial.set(at.get(p + 1) + i, sum);
        }
    }

    /** What a missing barrier does: adds up a neighbour's sum, which is not there yet. */
    static void sumReadsNeighboursTooEarly(int from, int to, IntArray at, int p, FloatArray matrix, FloatArray partial, int rows, int columns, int block) {
        for (int i = from; i < to; i++) {
            int b = i / columns;
            int p0 = at.get(p + 1);
            float neighbour = partial.get(p0 + (i + columns) % ((rows + block - 1) / block * columns));
            float sum = 0f;
            for (int r = b * block; r < Math.min(rows, (b + 1) * block); r++) {
                sum += matrix.get(at.get(p) + r * columns + i % columns);
            }
            partial.set(p0 + i, sum + (neighbour - neighbour));
        }
    }

    /** Takes the row before also where a document begins. */
    static void shiftAcrossDocuments(int from, int to, IntArray at, int p, FloatArray z, FloatArray mix, IntArray pos, FloatArray out,
            int heads, int kvHeads, int headSize, int stride) {
        for (int n = from; n < to; n++) {
            int r = n / heads;
            int h = n - r * heads;
            int z0 = at.get(p) + (r * kvHeads + h * kvHeads / heads) * headSize;
            for (int j = 0; j < headSize; j++) {
                float now = z.get(z0 + j);
                float before = r == 0 ? 0f : z.get(z0 - kvHeads * headSize + j);
                out.set(at.get(p + 3) + n * stride + j, now + mix.get(at.get(p + 1) + h * headSize + j) * (before - now));
            }
        }
    }

    /** Gives query heads the key-value heads of their neighbours. */
    static void shiftOfWrongGroup(int from, int to, IntArray at, int p, FloatArray z, FloatArray mix, IntArray pos, FloatArray out,
            int heads, int kvHeads, int headSize, int stride) {
        for (int n = from; n < to; n++) {
            int r = n / heads;
            int h = n - r * heads;
            int z0 = at.get(p) + (r * kvHeads + h % kvHeads) * headSize;
            for (int j = 0; j < headSize; j++) {
                float now = z.get(z0 + j);
                float before = pos.get(at.get(p + 2) + r) == 0 ? 0f : z.get(z0 - kvHeads * headSize + j);
                out.set(at.get(p + 3) + n * stride + j, now + mix.get(at.get(p + 1) + h * headSize + j) * (before - now));
            }
        }
    }

    static void gluGradientDropsTerm(int from, int to, IntArray at, int p, FloatArray g, FloatArray u, FloatArray dh, FloatArray dg, FloatArray du) {
        for (int i = from; i < to; i++) {
            float gate = g.get(at.get(p) + i);
            float up = dh.get(at.get(p + 2) + i);
            float open = 1f / (1f + TornadoMath.exp(-gate));
            dg.set(at.get(p + 3) + i, up * u.get(at.get(p + 1) + i) * open);
            du.set(at.get(p + 4) + i, up * gate * open);
        }
    }

    /** An unsafe driver's exponential: four digits. */
    static void gluWithCoarseExponential(int from, int to, IntArray at, int p, FloatArray g, FloatArray u, FloatArray h) {
        for (int i = from; i < to; i++) {
            float gate = g.get(at.get(p) + i);
            float e = TornadoMath.exp(-gate) * (1f + 1e-4f * TornadoMath.sin(1000f * gate));
            h.set(at.get(p + 2) + i, gate / (1f + e) * u.get(at.get(p + 1) + i));
        }
    }

    /** Turns the wrong way. */
    static void ropeBackwards(int from, int to, IntArray at, int p, FloatArray x, IntArray pos, FloatArray cos, FloatArray sin, FloatArray y,
            int heads, int pairs, float direction) {
        for (int i = from; i < to; i++) {
            int vector = i / pairs;
            int j = i - vector * pairs;
            int x0 = at.get(p) + vector * 2 * pairs + j;
            int y0 = at.get(p + 4) + vector * 2 * pairs + j;
            int angle = pos.get(at.get(p + 1) + vector / heads) * pairs + j;
            float c = cos.get(at.get(p + 2) + angle);
            float s = -sin.get(at.get(p + 3) + angle) * direction;
            y.set(y0, x.get(x0) * c - x.get(x0 + pairs) * s);
            y.set(y0 + pairs, x.get(x0 + pairs) * c + x.get(x0) * s);
        }
    }

    /** Looks a table up by column. */
    static void embeddingTransposed(int from, int to, IntArray at, int p, IntArray ids, FloatArray table, ShortArray halves, FloatArray x,
            int width, int type) {
        for (int i = from; i < to; i++) {
            int r = i / width;
            int j = i - r * width;
            x.set(at.get(p + 3) + i, table.get(at.get(p + 1) + Math.max(0, ids.get(at.get(p) + r) * width + width - 1 - j)));
        }
    }
}
