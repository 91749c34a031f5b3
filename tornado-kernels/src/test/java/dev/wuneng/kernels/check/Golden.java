package dev.wuneng.kernels.check;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tensors of a safetensors file among the test resources, as doubles. */
public final class Golden {
    private final ByteBuffer bytes;
    private final String header;

    public Golden(String resource) throws IOException {
        try (InputStream in = Golden.class.getResourceAsStream(resource)) {
            bytes = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
        }
        byte[] json = new byte[(int) bytes.getLong(0)];
        bytes.get(8, json);
        header = new String(json, StandardCharsets.UTF_8);
    }

    public double[] tensor(String name) {
        Matcher entry = Pattern.compile("\"" + Pattern.quote(name) + "\":\\{\"dtype\":\"(F64|F32|I32)\",\"shape\":\\[[0-9,]*],\"data_offsets\":\\[(\\d+),(\\d+)]")
                .matcher(header.replace(" ", ""));
        if (!entry.find()) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        int width = entry.group(1).equals("F64") ? 8 : 4;
        int begin = 8 + (int) bytes.getLong(0) + Integer.parseInt(entry.group(2));
        double[] values = new double[(Integer.parseInt(entry.group(3)) - Integer.parseInt(entry.group(2))) / width];
        for (int i = 0; i < values.length; i++) {
            int at = begin + width * i;
            values[i] = switch (entry.group(1)) {
                case "F64" -> bytes.getDouble(at);
                case "F32" -> bytes.getFloat(at);
                default -> bytes.getInt(at);
            };
        }
        return values;
    }
}
