package dev.wuneng.data.text;

import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Streams of what is read one by one. */
public final class Pulled {

    private Pulled() {
    }

    /** What {@code next} gives until it gives nothing; closing the stream runs {@code close}. */
    public static <T> Stream<T> stream(Supplier<Optional<T>> next, Runnable close) {
        int characteristics = Spliterator.ORDERED | Spliterator.NONNULL;
        return StreamSupport.stream(new Spliterators.AbstractSpliterator<T>(Long.MAX_VALUE, characteristics) {
            @Override
            public boolean tryAdvance(Consumer<? super T> action) {
                Optional<T> item = next.get();
                item.ifPresent(action);
                return item.isPresent();
            }
        }, false).onClose(close);
    }
}
