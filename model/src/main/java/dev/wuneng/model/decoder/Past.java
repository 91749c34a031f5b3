package dev.wuneng.model.decoder;

import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
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

    private View stack(String name, long size) {
        Buffer buffer = buffers.computeIfAbsent(name, n -> Buffer.floats(n, size * config.numHiddenLayers()));
        return buffer.stacked(Math.toIntExact(size));
    }
}
