package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.Attention;
import dev.wuneng.kernels.op.Embedding;
import dev.wuneng.kernels.op.Rope;
import dev.wuneng.kernels.op.StateStreams;
import dev.wuneng.kernels.run.Buffer;
import dev.wuneng.kernels.run.Executor;
import dev.wuneng.model.ModelConfig;
import dev.wuneng.model.ModelException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The tokens of a batch as the programs read them: ids, and what the documents packed into the rows mean for position, shift and attention. */
public final class Batch {
    private final ModelConfig config;
    private final int rows;
    private final int length;
    final Buffer ids;
    /** Position in its document; 0 where one begins. */
    final Buffer position;
    /** The earliest row that a row attends. */
    final Buffer first;
    /** The last row that attends a row. */
    final Buffer last;
    /** Rows sorted by token id, for the embedding's backward pass. */
    final Buffer order;
    /** How many rows share the token of a sorted row, where the first of them stands. */
    final Buffer runs;
    final Buffer cos;
    final Buffer sin;

    /** @param sequences B, and {@code length} T */
    public Batch(ModelConfig config, int sequences, int length) {
        this(config, sequences, length, length);
    }

    /** A batch whose tokens may stand at positions up to {@code positions}. */
    public Batch(ModelConfig config, int sequences, int length, int positions) {
        this(config, sequences, length, table("rope.cos", config, positions), table("rope.sin", config, positions));
        Rope.fillTables(cos.floats(), sin.floats(), positions, config.headDim(), config.ropeTheta());
    }

    private Batch(ModelConfig config, int sequences, int length, Buffer cos, Buffer sin) {
        int widest = Math.max(config.intermediateSize(), Math.max(config.hiddenSize(), StateStreams.VECTORS * config.attentionWidth()));
        if ((long) sequences * length * widest > Integer.MAX_VALUE) {
            throw new ModelException("a batch of " + sequences + " rows of " + length + " tokens has activations of more elements than an array holds,"
                    + " which is 2^31: use fewer rows or shorter ones");
        }
        this.config = config;
        this.rows = Math.multiplyExact(sequences, length);
        this.length = length;
        this.cos = cos;
        this.sin = sin;
        ids = Buffer.ints("ids", rows);
        position = Buffer.ints("position", rows);
        first = Buffer.ints("first", rows);
        last = Buffer.ints("last", rows);
        order = Buffer.ints("order", rows);
        runs = Buffer.ints("runs", rows);
    }

    private static Buffer table(String name, ModelConfig config, int positions) {
        if (positions > config.maxPositionEmbeddings()) {
            throw new ModelException("rows of " + positions + " tokens are longer than max_position_embeddings (" + config.maxPositionEmbeddings()
                    + ") of the model: use shorter rows");
        }
        return Buffer.floats(name, (long) positions * config.headDim() / 2);
    }

    /** A batch of one sequence of {@code rows} tokens, which may stand at the same positions. */
    public Batch ofRows(int rows) {
        return new Batch(config, 1, rows, cos, sin);
    }

    public int rows() {
        return rows;
    }

    /** Tokens a sequence, T. */
    public int length() {
        return length;
    }

    /** Everything the programs read of a batch. */
    public List<Buffer> buffers() {
        return List.of(ids, position, first, last, order, runs, cos, sin);
    }

    /**
     * Puts tokens into place, [B, T] row by row.
     *
     * @param segmentIds changes where a document begins; null where every sequence is one document
     */
    public void set(int[] tokens, int[] segmentIds, Executor executor) {
        requireCount(tokens.length);
        if (segmentIds != null && segmentIds.length != rows) {
            throw new ModelException("a batch of " + rows + " tokens was given " + segmentIds.length + " segment ids");
        }
        set(copyOf(tokens), segmentIds == null ? memory -> memory.fill((byte) 0) : copyOf(segmentIds), executor);
    }

    /**
     * Lets tokens be written into place, [B, T] row by row.
     *
     * @param writeTokens is given the memory of the ids, and {@code writeSegmentIds} as much for numbers that change where a document begins
     */
    public void set(Consumer<MemorySegment> writeTokens, Consumer<MemorySegment> writeSegmentIds, Executor executor) {
        writeTokens.accept(ids.ints().getSegment());
        requireKnownTokens();
        // The segments tell the positions, which take their place.
        IntArray segmentIds = position.ints();
        writeSegmentIds.accept(segmentIds.getSegment());
        int[] positions = new int[rows];
        for (int r = 0; r < rows; r++) {
            boolean begins = r % length == 0 || segmentIds.get(r) != segmentIds.get(r - 1);
            positions[r] = begins ? 0 : positions[r - 1] + 1;
        }
        int[] firsts = new int[rows];
        int[] lasts = new int[rows];
        Attention.fillSpans(positions, firsts, lasts, length, config.slidingWindow());
        put(positions, position);
        put(firsts, first);
        put(lasts, last);
        Embedding.order(ids.ints(), order.ints(), runs.ints());
        List.of(ids, position, first, last, order, runs).forEach(executor::upload);
    }

    /** Puts the tokens into place that follow the first {@code start} tokens of a text, for a decoder with a {@link Past}. */
    public void follow(int start, int[] tokens, Executor executor) {
        requireCount(tokens.length);
        put(tokens, ids);
        requireKnownTokens();
        put(IntStream.range(start, start + rows).toArray(), position);
        List.of(ids, position).forEach(executor::upload);
    }

    private void requireCount(int count) {
        if (count != rows) {
            throw new ModelException("a batch of " + rows + " tokens was given " + count);
        }
    }

    private void requireKnownTokens() {
        for (int r = 0; r < rows; r++) {
            int token = ids.ints().get(r);
            if (token < 0 || token >= config.vocabSize()) {
                throw new ModelException("token id " + token + " at row " + r / length + ", position " + r % length
                        + " is outside the vocabulary of " + config.vocabSize() + ": use the tokenizer that belongs to the model");
            }
        }
    }

    private static Consumer<MemorySegment> copyOf(int[] values) {
        return memory -> MemorySegment.copy(values, 0, memory, ValueLayout.JAVA_INT_UNALIGNED, 0, values.length);
    }

    private static void put(int[] values, Buffer buffer) {
        for (int i = 0; i < values.length; i++) {
            buffer.ints().set(i, values[i]);
        }
    }
}
