package dev.wuneng.data.arrow;

import dev.wuneng.data.DataException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/** The columns of a document file: {@code input_ids: list<int32>} and, optionally, {@code labels: list<int32>}. */
final class DocumentSchema {

    static final String INPUT_IDS = "input_ids";
    static final String LABELS = "labels";

    private static final ArrowType INT32 = new ArrowType.Int(Integer.SIZE, true);

    private DocumentSchema() {
    }

    static Schema of(boolean withLabels, Map<String, String> metadata) {
        List<Field> fields = new ArrayList<>();
        fields.add(tokens(INPUT_IDS));
        if (withLabels) {
            fields.add(tokens(LABELS));
        }
        return new Schema(fields, metadata);
    }

    /** Other columns may be there; they are not read. */
    static void check(Path file, Schema schema) {
        List<Field> fields = schema.getFields();
        if (fields.stream().noneMatch(field -> field.getName().equals(INPUT_IDS))) {
            throw new DataException("The Arrow file " + file + " has no column " + INPUT_IDS + " (it has "
                    + fields.stream().map(Field::getName).toList() + "): tokenize the text first.");
        }
        fields.stream().filter(field -> field.getName().equals(INPUT_IDS) || field.getName().equals(LABELS))
                .filter(field -> !isTokens(field)).findFirst().ifPresent(field -> {
                    throw new DataException("The column " + field.getName() + " of " + file + " is " + field.getType()
                            + field.getChildren() + ", not list<int32>: cast it when writing the file.");
                });
    }

    static boolean hasLabels(Schema schema) {
        return schema.getFields().stream().anyMatch(field -> field.getName().equals(LABELS));
    }

    private static boolean isTokens(Field field) {
        return field.getType() instanceof ArrowType.List && field.getChildren().getFirst().getType().equals(INT32);
    }

    private static Field tokens(String name) {
        Field item = new Field("item", FieldType.notNullable(INT32), null);
        return new Field(name, FieldType.notNullable(new ArrowType.List()), List.of(item));
    }
}
