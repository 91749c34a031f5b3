package dev.wuneng.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The byte-level alphabet of GPT-2: one printable character for each of the 256 bytes.
 *
 * <p>Printable Latin-1 bytes stand for themselves; the other 68, in ascending order, are written as U+0100, U+0101, ...
 * so that no symbol is white space or a control character (a space becomes {@code Ġ}). A symbol's number is its rank by
 * code point, which puts the printable bytes first as GPT-2 does.
 */
final class ByteAlphabet {

    static final int SIZE = 256;

    private static final List<Integer> BYTE_OF_SYMBOL = IntStream.concat(
            IntStream.range(0, SIZE).filter(ByteAlphabet::standsForItself),
            IntStream.range(0, SIZE).filter(b -> !standsForItself(b))).boxed().toList();

    private static final int[] SYMBOL_OF_BYTE = new int[SIZE];

    /** The characters, by symbol number. */
    static final List<String> SYMBOLS = IntStream.range(0, SIZE).mapToObj(ByteAlphabet::character).toList();

    static {
        for (int symbol = 0; symbol < SIZE; symbol++) {
            SYMBOL_OF_BYTE[BYTE_OF_SYMBOL.get(symbol)] = symbol;
        }
    }

    private ByteAlphabet() {
    }

    /** The symbol numbers of a text's UTF-8 bytes. */
    static int[] symbols(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int[] symbols = new int[utf8.length];
        for (int i = 0; i < utf8.length; i++) {
            symbols[i] = SYMBOL_OF_BYTE[Byte.toUnsignedInt(utf8[i])];
        }
        return symbols;
    }

    private static String character(int symbol) {
        int value = BYTE_OF_SYMBOL.get(symbol);
        if (standsForItself(value)) {
            return Character.toString(value);
        }
        long printable = IntStream.range(0, SIZE).filter(ByteAlphabet::standsForItself).count();
        return Character.toString((int) (SIZE + symbol - printable));
    }

    private static boolean standsForItself(int value) {
        return value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xAC || value >= 0xAE && value <= 0xFF;
    }
}
