package dev.wuneng.data.source;

import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.impl.UnionListWriter;
import org.apache.arrow.vector.compression.CompressionUtil.CodecType;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.ipc.ArrowWriter;
import org.apache.arrow.vector.ipc.message.IpcOption;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/** Two questions with choices, laid out as other programs write them: one record batch each. */
final class ArrowFixture {

    private static final ArrowType TEXT = new ArrowType.Utf8();

    private ArrowFixture() {
    }

    static Path stream(Path file) throws Exception {
        return write(file, (root, channel) -> new ArrowStreamWriter(root, null, channel));
    }

    static Path compressedFile(Path file) throws Exception {
        return write(file, (root, channel) -> new ArrowFileWriter(root, null, channel, null, IpcOption.DEFAULT,
                CommonsCompressionFactory.INSTANCE, CodecType.LZ4_FRAME, Optional.empty()));
    }

    private interface WriterOf {
        ArrowWriter of(VectorSchemaRoot root, WritableByteChannel channel);
    }

    private static Path write(Path file, WriterOf writers) throws Exception {
        Schema schema = new Schema(List.of(Field.nullable("question", TEXT), Field.nullable("subject", TEXT),
                new Field("choices", FieldType.nullable(new ArrowType.List()), List.of(Field.nullable("item", TEXT))),
                Field.nullable("answer", new ArrowType.Int(64, true))));
        try (OutputStream out = Files.newOutputStream(file); BufferAllocator allocator = new RootAllocator();
                VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
                ArrowWriter writer = writers.of(root, Channels.newChannel(out))) {
            writer.start();
            writeBatch(writer, root, "2 + 2?", List.of("3", "4"), 1);
            writeBatch(writer, root, "ä?", List.of("no", "yes"), 0);
            writer.end();
        }
        return file;
    }

    private static void writeBatch(ArrowWriter writer, VectorSchemaRoot root, String question, List<String> choices,
            int answer) throws Exception {
        root.clear();
        ((VarCharVector) root.getVector("question")).setSafe(0, question.getBytes());
        UnionListWriter list = ((ListVector) root.getVector("choices")).getWriter();
        list.setPosition(0);
        list.startList();
        choices.forEach(list.varChar()::writeVarChar);
        list.endList();
        ((BigIntVector) root.getVector("answer")).setSafe(0, answer);
        root.setRowCount(1);
        writer.writeBatch();
    }
}
