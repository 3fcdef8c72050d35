package dev.throughline.bench.compare;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.util.List;

/**
 * The result of one command of the load generator, which had no error.
 *
 * @param operations connections or requests
 * @param bytes payload of bulk transfers, all compared by the receiver
 * @param nanos duration of the command
 */
record LoadResult(long operations, long bytes, long nanos, long p50Nanos, long p99Nanos) {
    String toLine() {
        return "ok %d %d %d %d %d".formatted(operations, bytes, nanos, p50Nanos, p99Nanos);
    }

    /** @throws IOException with the reason if the command failed */
    static LoadResult parse(String line) throws IOException {
        List<String> words = Splitter.on(' ').splitToList(line);
        if (!words.getFirst().equals("ok") || words.size() != 6) {
            throw new IOException(line);
        }
        return new LoadResult(
                Long.parseLong(words.get(1)),
                Long.parseLong(words.get(2)),
                Long.parseLong(words.get(3)),
                Long.parseLong(words.get(4)),
                Long.parseLong(words.get(5)));
    }
}
