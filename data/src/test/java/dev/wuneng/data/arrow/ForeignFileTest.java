package dev.wuneng.data.arrow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wuneng.data.DataException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.compression.CompressionCodec;
import org.apache.arrow.vector.compression.CompressionUtil;
import org.apache.arrow.vector.compression.NoCompressionCodec;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.ipc.ArrowWriter;
import org.apache.arrow.vector.ipc.message.IpcOption;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files written with Arrow alone, as another program would write them. */
class ForeignFileTest {

    private static final Map<String, String> METADATA = Map.of("wuneng.format", "1", "wuneng.tokenizer.sha256", "hash",
            "wuneng.vocab_size", "10", "wuneng.documents", "2", "wuneng.tokens", "3");

    @TempDir
    private Path folder;
    private CompressionCodec.Factory compression = NoCompressionCodec.Factory.INSTANCE;
    private CompressionUtil.CodecType codec = CompressionUtil.CodecType.NO_COMPRESSION;

    @Test
    void readsAFileWithAllMetadataInTheSchema() throws Exception {
        Field other = Field.nullable("text", ArrowType.Utf8.INSTANCE);
        write(METADATA, List.of(list("input_ids", 32), list("labels", 32), other),
                new Integer[][] {{1, 2}, {3}}, new Integer[][] {{-100, 2}, {-100}});
        try (DocumentReader reader = new DocumentReader(file())) {
            assertEquals(new DocumentMetadata("hash", 10, 2, 3), reader.metadata());
            assertArrayEquals(new int[] {1, 2}, reader.batch(0).inputIds(0));
            assertArrayEquals(new int[] {-100, 2}, reader.batch(0).targets(0));
            assertArrayEquals(new int[] {3}, reader.batch(0).inputIds(1));
            assertArrayEquals(new int[] {-100}, reader.batch(0).targets(1));
        }
    }

    @Test
    void unpacksCompressedBatches() throws Exception {
        compression = CommonsCompressionFactory.INSTANCE;
        codec = CompressionUtil.CodecType.ZSTD;
        Integer[] ones = Collections.nCopies(1000, 1).toArray(Integer[]::new);
        write(METADATA, List.of(list("input_ids", 32)), new Integer[][] {ones, {3}});
        try (DocumentReader reader = new DocumentReader(file())) {
            assertFalse(reader.batch(0).inputIds().isMapped());
            assertArrayEquals(IntStream.generate(() -> 1).limit(1000).toArray(), reader.batch(0).inputIds(0));
            assertArrayEquals(new int[] {3}, reader.batch(0).inputIds(1));
        }
    }

    @Test
    void namesWhatIsWrongWithTheSchema() throws Exception {
        refused(METADATA, List.of(list("tokens", 32)), "no column input_ids");
        refused(METADATA, List.of(list("input_ids", 64)), "not list<int32>");
        refused(METADATA, List.of(Field.nullable("input_ids", new ArrowType.Int(32, true))), "not list<int32>");
        refused(METADATA, List.of(list("input_ids", 32), list("labels", 16)), "column labels");
    }

    @Test
    void namesWhatIsWrongWithTheMetadata() throws Exception {
        for (String key : METADATA.keySet()) {
            Map<String, String> without = new HashMap<>(METADATA);
            without.remove(key);
            refused(without, List.of(list("input_ids", 32)), "lacks " + key);
        }
        refused(with("wuneng.format", "2"), List.of(list("input_ids", 32)), "this version reads 1");
        for (String bad : List.of("many", "-1", "3000000000", "")) {
            refused(with("wuneng.vocab_size", bad), List.of(list("input_ids", 32)), "\"" + bad + "\"");
        }
        refused(with("wuneng.documents", "3"), List.of(list("input_ids", 32)), "2 documents but says");
    }

    @Test
    void namesTheDocumentThatIsWrong() throws Exception {
        List<Field> ids = List.of(list("input_ids", 32));
        List<Field> both = List.of(list("input_ids", 32), list("labels", 32));
        Integer[][] good = {{1, 2}, {3}};
        bad("Document 1 ", "null in input_ids", ids, new Integer[][] {{1, 2}, null});
        bad("Document 0 ", "null in input_ids", ids, new Integer[][] {{1, null}, {3}});
        bad("Document 1 ", "10 in input_ids", ids, new Integer[][] {{1, 2}, {10}});
        bad("Document 1 ", "-1 in input_ids", ids, new Integer[][] {{1, 2}, {-1}});
        bad("Document 0 ", "null in labels", both, good, new Integer[][] {null, {3}});
        bad("Document 0 ", "11 in labels", both, good, new Integer[][] {{1, 11}, {3}});
        bad("Document 1 ", "1 input_ids but 2 labels", both, good, new Integer[][] {{1, 2}, {3, 4}});
    }

    @Test
    void saysThatAStreamIsNotAFile() throws Exception {
        try (RootAllocator allocator = new RootAllocator();
                VectorSchemaRoot root = VectorSchemaRoot.create(DocumentSchema.of(false, METADATA), allocator);
                OutputStream out = Files.newOutputStream(file())) {
            try (ArrowWriter writer = new ArrowStreamWriter(root, null, out)) {
                root.setRowCount(0);
                writer.writeBatch();
            }
        }
        DataException e = assertThrows(DataException.class, () -> new DocumentReader(file()));
        assertTrue(e.getMessage().contains("not a complete Arrow IPC file"), e.getMessage());
    }

    private void bad(String document, String what, List<Field> fields, Integer[][]... columns) throws Exception {
        write(METADATA, fields, columns);
        try (DocumentReader reader = new DocumentReader(file())) {
            DataException e = assertThrows(DataException.class, () -> reader.batch(0));
            assertTrue(e.getMessage().contains(document) && e.getMessage().contains(what)
                    && e.getMessage().contains(file().toString()), e.getMessage());
        }
    }

    private void refused(Map<String, String> metadata, List<Field> fields, String what) throws Exception {
        write(metadata, fields);
        DataException e = assertThrows(DataException.class, () -> new DocumentReader(file()));
        assertTrue(e.getMessage().contains(what) && e.getMessage().contains(file().toString()), e.getMessage());
    }

    /** Two documents; columns that are not given are left empty. */
    private void write(Map<String, String> metadata, List<Field> fields, Integer[][]... columns) throws Exception {
        try (RootAllocator allocator = new RootAllocator();
                VectorSchemaRoot root = VectorSchemaRoot.create(new Schema(fields, metadata), allocator);
                OutputStream out = Files.newOutputStream(file());
                ArrowFileWriter writer = new ArrowFileWriter(root, null, Channels.newChannel(out), null, IpcOption.DEFAULT,
                        compression, codec)) {
            root.allocateNew();
            for (int c = 0; c < columns.length; c++) {
                fill((ListVector) root.getVector(c), columns[c]);
            }
            root.setRowCount(2);
            writer.writeBatch();
            writer.end();
        }
    }

    private static void fill(ListVector lists, Integer[][] column) {
        IntVector items = (IntVector) lists.getDataVector();
        for (int i = 0; i < column.length; i++) {
            if (column[i] == null) {
                lists.setNull(i);
                continue;
            }
            int start = lists.startNewValue(i);
            for (int j = 0; j < column[i].length; j++) {
                if (column[i][j] == null) {
                    items.setNull(start + j);
                } else {
                    items.setSafe(start + j, column[i][j]);
                }
            }
            lists.endValue(i, column[i].length);
        }
    }

    private static Map<String, String> with(String key, String value) {
        Map<String, String> changed = new HashMap<>(METADATA);
        changed.put(key, value);
        return changed;
    }

    private static Field list(String name, int bits) {
        return new Field(name, FieldType.nullable(new ArrowType.List()),
                List.of(Field.nullable("item", new ArrowType.Int(bits, true))));
    }

    private Path file() {
        return folder.resolve("foreign.arrow");
    }
}
