package dev.wuneng.kernels.check;

import java.util.Locale;

/** Numbers and strings as reports and files write them. */
final class Text {
    private Text() {
    }

    /** An error or a tolerance; a dash for what was not computed. */
    static String number(double value) {
        return Double.isNaN(value) ? "-" : Double.isInfinite(value) ? "not finite" : String.format(Locale.ROOT, "%.1e", value);
    }

    /** A JSON string. */
    static String json(String value) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : value.toCharArray()) {
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                default -> out.append(c < ' ' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
            }
        }
        return out.append('"').toString();
    }

    /** A JSON number; JSON has none that is not finite. */
    static String json(double value) {
        return Double.isFinite(value) ? Double.toString(value) : json(Double.toString(value));
    }

    /** Text inside XML, in an attribute too. */
    static String xml(String value) {
        StringBuilder out = new StringBuilder();
        for (char c : value.toCharArray()) {
            switch (c) {
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '&' -> out.append("&amp;");
                case '"' -> out.append("&quot;");
                default -> out.append(c < ' ' && c != '\n' && c != '\t' ? '?' : c);
            }
        }
        return out.toString();
    }
}
