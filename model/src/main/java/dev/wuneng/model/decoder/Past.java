package dev.wuneng.model.decoder;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * What every layer remembers of one text while it grows: keys and values of all tokens, the state, and of whatever a token shift reads the row of the
 * token before. Decoders of several lengths may take turns on it, each with the next so many tokens.
 */
public final class Past {
    private final ModelConfig config;
    private final int tokens;
    private final int mostRows;
    private final Map<String, Buffer> buffers = new HashMap<>();

    /**
     * @param tokens the longest text
     * @param mostRows new tokens at once, at most
     */
    public Past(ModelConfig config, int tokens, int mostRows) {
        this.config = config;
        this.tokens = tokens;
        this.mostRows = mostRows;
    }

    /** The longest text. */
    public int tokens() {
        return tokens;
    }

    public long bytes() {
        return buffers.values().stream().mapToLong(Buffer::bytes).sum();
    }

    /** Keys or values, [tokens, kvHeads, headSize] for every layer. */
    View cache(String name) {
        return stack(name, (long) tokens * config.keyValueWidth());
    }

    /** The state after the last token, [heads, headSize, headSize] for every layer. */
    View state() {
        return stack("state", (long) config.attentionWidth() * config.headDim());
    }

    /** Rows of new tokens, [rows, width] for every layer, behind a row for the token before them. */
    View rows(String name, int width) {
        return stack(name, (1L + mostRows) * width).plus(width);
    }

    /** Takes over what a shorter one knows of its text, for decoders that were made already. */
    public void takeFrom(Past shorter, Executor executor) {
        for (Buffer to : buffers.values()) {
            Buffer from = shorter.buffers.get(to.name());
            executor.download(from);
            long bytes = 4L * from.size() / config.numHiddenLayers();
            for (int l = 0; l < config.numHiddenLayers(); l++) {
                MemorySegment.copy(from.segment(), l * bytes, to.segment(), l * (4L * to.size() / config.numHiddenLayers()), bytes);
            }
            executor.upload(to);
        }
    }

    private View stack(String name, long size) {
        Buffer buffer = buffers.computeIfAbsent(name, n -> Buffer.floats(n, size * config.numHiddenLayers()));
        return buffer.stacked(Math.toIntExact(size));
    }
}
