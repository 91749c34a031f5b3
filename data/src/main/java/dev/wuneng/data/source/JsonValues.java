package dev.wuneng.data.source;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqStruct;
import dev.hardwood.row.StructAccessor;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.util.Text;

/** Values of columns as JSON, which all layouts are read from. */
final class JsonValues {

    private JsonValues() {
    }

    /** A value of Arrow's or of the Parquet reader's. What JSON has no word for, such as bytes and dates, is null. */
    static JsonElement of(Object value) {
        return switch (value) {
            case Boolean truth -> new JsonPrimitive(truth);
            case Number number -> new JsonPrimitive(number);
            case CharSequence text -> new JsonPrimitive(text.toString());
            case Text text -> new JsonPrimitive(text.toString());
            case PqList list -> array(list.values());
            case PqStruct struct -> object(struct);
            case List<?> list -> array(list);
            case Map<?, ?> map -> object(map);
            case null, default -> JsonNull.INSTANCE;
        };
    }

    static JsonObject object(StructAccessor struct) {
        JsonObject object = new JsonObject();
        for (int i = 0; i < struct.getFieldCount(); i++) {
            object.add(struct.getFieldName(i), of(struct.isNull(i) ? null : struct.getValue(i)));
        }
        return object;
    }

    private static JsonObject object(Map<?, ?> map) {
        JsonObject object = new JsonObject();
        map.forEach((key, value) -> object.add(key.toString(), of(value)));
        return object;
    }

    private static JsonArray array(List<?> values) {
        JsonArray array = new JsonArray();
        values.forEach(value -> array.add(of(value)));
        return array;
    }
}
