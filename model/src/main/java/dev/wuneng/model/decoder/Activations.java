package dev.wuneng.model.decoder;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.View;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The buffers between operations, for one batch shape: what the backward pass reads again is kept for every layer, the rest is shared by all. */
public final class Activations {
    /** What of a layer's forward pass is kept for its backward pass. */
    public enum Keep {
        /** Nothing: forward passes only. */
        NOTHING,
        /** The layer's input; the backward pass runs the layer forward again. */
        INPUTS,
        /** Everything that the backward pass reads. */
        ALL
    }

    private final int layers;
    private final Keep keep;
    private final Past past;
    private final List<Buffer> buffers = new ArrayList<>();
    private final Map<String, Buffer> shared = new LinkedHashMap<>();

    public Activations(int layers, Keep keep) {
        this(layers, keep, null);
    }

    /** @param past where the tokens follow others, what is known of those; null where every row begins with a document */
    Activations(int layers, Keep keep, Past past) {
        this.layers = layers;
        this.keep = keep;
        this.past = past;
    }

    public Keep keep() {
        return keep;
    }

    Past past() {
        return past;
    }

    /** Rows that a token shift reads, [rows, width]: kept, and where there is a past, behind the row of the token before. */
    View shifted(String name, int rows, int width) {
        return past == null ? kept(name, (long) rows * width) : past.rows(name, width);
    }

    /** What a layer's forward pass writes and its backward pass reads. */
    public View kept(String name, long size) {
        return stack(name, size, keep == Keep.ALL ? layers : 1);
    }

    /** The inputs of all layers and the output of the last; slot l + 1 is what layer l writes. */
    public View residual(String name, long size) {
        return stack(name, size, keep == Keep.NOTHING ? 1 : layers + 1);
    }

    private View stack(String name, long size, int depth) {
        Buffer buffer = add(Buffer.floats(name, size * depth));
        return depth == 1 ? buffer.view() : buffer.stacked((int) size);
    }

    /** What only one operation hands to the next; asked for again by the same name, it is the same memory, as large as the largest asks. */
    public View scratch(String name, long size) {
        Buffer known = shared.get(name);
        if (known == null) {
            known = add(Buffer.floats(name, size));
            shared.put(name, known);
        } else if (known.size() < size) {
            throw new IllegalStateException("scratch " + name + " was first asked for with " + known.size() + " elements and now with " + size);
        }
        return known.view();
    }

    public Buffer add(Buffer buffer) {
        buffers.add(buffer);
        return buffer;
    }

    public List<Buffer> buffers() {
        return buffers;
    }
}
