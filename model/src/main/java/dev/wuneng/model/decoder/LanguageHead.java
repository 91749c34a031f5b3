package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.Linear;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Launch;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.parameter.Parameters;

/**
 * Logits of hidden states, {@code hidden · W_headᵀ}, a chunk of rows at a time: with large vocabularies the logits of a whole batch would be the
 * biggest buffer of all. A program made of its launches is run once for every chunk, with the chunk as its index.
 */
public final class LanguageHead {
    /** Elements of logits held at once: 256 MiB. */
    private static final long LIMIT = 1 << 26;

    private final Parameters parameters;
    private final String weight;
    private final View hidden;
    private final View dHidden;
    private final View logits;
    private final int chunkRows;
    private final int chunks;
    private final int width;
    private final int vocabulary;

    /** @param rows the rows of the decoder's hidden states */
    public LanguageHead(Decoder decoder, int rows) {
        this(decoder, rows, 0);
    }

    /** A head whose chunks are no larger than those of another head with a vocabulary of {@code other}, to run beside it. */
    public LanguageHead(Decoder decoder, int rows, int other) {
        parameters = decoder.parameters();
        ModelConfig config = decoder.config();
        width = config.hiddenSize();
        vocabulary = config.vocabSize();
        weight = config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight";
        chunkRows = chunkRows(rows, Math.max(vocabulary, other));
        chunks = rows / chunkRows;
        hidden = chunk(decoder.hidden().buffer(), width);
        dHidden = decoder.hiddenGradient() == null ? null : chunk(decoder.hiddenGradient().buffer(), width);
        logits = Buffer.floats("logits", (long) chunkRows * vocabulary).view();
    }

    /** The largest divisor of {@code rows} whose logits stay within the limit. */
    private static int chunkRows(int rows, int vocabulary) {
        int chunk = rows;
        while (chunk > 1 && (rows % chunk != 0 || (long) chunk * vocabulary > LIMIT)) {
            chunk--;
        }
        return chunk;
    }

    /** Rows of the logits held at once. */
    public int chunkRows() {
        return chunkRows;
    }

    /** How often a program over chunks is run for all rows. */
    public int chunks() {
        return chunks;
    }

    /** A buffer with {@code width} elements a row, seen by the chunk that a program runs with. */
    public View chunk(Buffer buffer, int width) {
        return buffer.stacked(chunkRows * width);
    }

    /** Logits of the chunk, [chunk rows, V]; a loss may overwrite them with their gradient. */
    public View logits() {
        return logits;
    }

    public Launch forward() {
        return Linear.forward(hidden, parameters.view(weight), logits, chunkRows, width, vocabulary);
    }

    /** From gradients in the place of the logits to those of the hidden states and, where it trains, of the weight. */
    public void backward(Program.Builder program) {
        program.add(Linear.backwardInput(logits, parameters.view(weight), dHidden, chunkRows, width, vocabulary, false));
        if (parameters.trains(weight)) {
            program.add(Linear.backwardWeight(logits, hidden, parameters.gradient(weight), chunkRows, width, vocabulary));
        }
    }
}
