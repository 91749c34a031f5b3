package dev.wuneng.training.config;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The keys that a configuration may have and the types of their values, taken from records; a record in a record is a block, and a list of
 * records a list of blocks, each with all of its keys.
 */
public final class Schema {
    /** The spelling of keys: {@code warm_up} for {@code warmUp}. */
    public static final FieldNamingPolicy NAMES = FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES;

    private final Map<String, Class<?>> leaves = new LinkedHashMap<>();
    private final Map<String, Class<?>> blocks = new LinkedHashMap<>();
    private final Map<String, Class<? extends Record>> lists = new LinkedHashMap<>();

    /** Adds the components of a record, under a dotted prefix that is empty or ends with a dot. */
    public Schema add(String prefix, Class<? extends Record> record) {
        for (RecordComponent component : record.getRecordComponents()) {
            String key = prefix + snakeCase(component.getName());
            if (component.getType().isRecord()) {
                blocks.put(key, component.getType());
                add(key + ".", component.getType().asSubclass(Record.class));
            } else if (component.getType() == JsonObject.class) {
                blocks.put(key, component.getType());
            } else if (component.getGenericType() instanceof ParameterizedType list && list.getActualTypeArguments()[0] instanceof Class<?> element
                    && element.isRecord()) {
                lists.put(key, element.asSubclass(Record.class));
                add(key + "[].", element.asSubclass(Record.class));
            } else {
                leaves.put(key, component.getType());
            }
        }
        return this;
    }

    static String snakeCase(String name) {
        return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    /** Checks every key and value; the first that is wrong is reported with the source's name. */
    public void check(JsonObject json, String source) {
        check(json, "", source);
    }

    private void check(JsonObject json, String prefix, String source) {
        for (Map.Entry<String, JsonElement> entry : json.entrySet()) {
            String key = prefix + entry.getKey();
            JsonElement value = entry.getValue();
            if (blocks.containsKey(key)) {
                if (!value.isJsonObject()) {
                    throw new ConfigException(source + ": " + key + " is " + value + ", and must be a block { … }");
                }
                check(value.getAsJsonObject(), key + ".", source);
            } else if (lists.containsKey(key)) {
                checkList(value, key, source);
            } else if (!leaves.containsKey(general(key))) {
                throw new ConfigException(source + ": " + key + " is no key of a configuration: did you mean " + nearest(general(key)) + "?");
            } else if (!fits(value, leaves.get(general(key)))) {
                throw new ConfigException(source + ": " + key + " is " + value + ", and must be " + kind(leaves.get(general(key))));
            }
        }
    }

    private void checkList(JsonElement value, String key, String source) {
        if (!value.isJsonArray() || !value.getAsJsonArray().asList().stream().allMatch(JsonElement::isJsonObject)) {
            throw new ConfigException(source + ": " + key + " is " + value + ", and must be a list of blocks [{ … }, { … }]");
        }
        for (int i = 0; i < value.getAsJsonArray().size(); i++) {
            JsonObject block = value.getAsJsonArray().get(i).getAsJsonObject();
            String prefix = key + "[" + i + "].";
            check(block, prefix, source);
            for (RecordComponent component : lists.get(key).getRecordComponents()) {
                if (!block.has(snakeCase(component.getName()))) {
                    throw new ConfigException(source + ": " + prefix + snakeCase(component.getName()) + " is missing: give " + kind(component.getType()));
                }
            }
        }
    }

    /** A key without the numbers of blocks in lists. */
    private static String general(String key) {
        return key.replaceAll("\\[\\d+]", "[]");
    }

    /** The value that a text on the command line stands for, by the type of its key. */
    JsonElement parse(String key, String text, String source) {
        if (lists.containsKey(key)) {
            try {
                return JsonParser.parseString(text);
            } catch (JsonParseException e) {
                throw new ConfigException(source + ": " + key + " is " + text + ", and must be a list of blocks [{ … }, { … }]", e);
            }
        }
        Class<?> type = leaves.get(key);
        if (type == null) {
            throw new ConfigException(source + ": " + key + (blocks.containsKey(key) ? " is a block: name a key in it"
                    : " is no key of a configuration: did you mean " + nearest(key) + "?"));
        }
        if (type == List.class) {
            JsonArray list = new JsonArray();
            Arrays.stream(text.split(",")).map(String::strip).forEach(list::add);
            return list;
        }
        if (type == boolean.class && (text.equals("true") || text.equals("false"))) {
            return new JsonPrimitive(Boolean.parseBoolean(text));
        }
        if (type == int.class || type == long.class || type == double.class || type == float.class) {
            try {
                return new JsonPrimitive(new BigDecimal(text));
            } catch (NumberFormatException e) {
                throw new ConfigException(source + ": " + key + " is " + text + ", and must be " + kind(type), e);
            }
        }
        return new JsonPrimitive(text);
    }

    private String nearest(String key) {
        String last = key.substring(key.lastIndexOf('.') + 1);
        return Stream.concat(leaves.keySet().stream(), blocks.keySet().stream())
                // The same word in another block is nearer than another word in the same block.
                .min(Comparator.comparingInt(k -> Math.min(distance(key, k), 1 + distance(last, k.substring(k.lastIndexOf('.') + 1))))).orElseThrow();
    }

    /** Levenshtein's distance. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, j -> j);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }

    private static boolean fits(JsonElement value, Class<?> type) {
        if (type == List.class) {
            return value.isJsonArray() && value.getAsJsonArray().asList().stream().allMatch(v -> fits(v, String.class));
        }
        if (!(value instanceof JsonPrimitive primitive)) {
            return false;
        }
        if (type == boolean.class) {
            return primitive.isBoolean();
        }
        if (type.isEnum()) {
            return primitive.isString() && Arrays.stream(type.getEnumConstants()).anyMatch(c -> word(c).equals(primitive.getAsString()));
        }
        if (type == String.class) {
            return primitive.isString();
        }
        if (!primitive.isNumber()) {
            return false;
        }
        double number = primitive.getAsDouble();
        return type == int.class ? number == (int) number : type == long.class ? number == (long) number : Double.isFinite(number);
    }

    private static String kind(Class<?> type) {
        if (type.isEnum()) {
            return "one of " + Arrays.stream(type.getEnumConstants()).map(Schema::word).collect(Collectors.joining(", "));
        }
        return type == List.class ? "a list of texts" : type == boolean.class ? "true or false" : type == String.class ? "a text"
                : type == int.class || type == long.class ? "a whole number" : "a number";
    }

    private static String word(Object enumConstant) {
        return enumConstant.toString().toLowerCase(Locale.ROOT);
    }
}
