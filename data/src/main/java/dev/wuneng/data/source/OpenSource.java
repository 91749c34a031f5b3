package dev.wuneng.data.source;

import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * A file that is being read.
 *
 * @param samples  its samples in the file's order, read as they are asked for; while reading, a {@link dev.wuneng.data.DataException}
 *                 says what is damaged, or that a record is neither a text nor a conversation. Closing the stream closes the file.
 * @param position how many of the file's bytes are read, about
 */
record OpenSource(Stream<Sample> samples, LongSupplier position) {
}
