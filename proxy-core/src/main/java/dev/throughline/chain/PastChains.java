package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * The chains that a {@link ReplayWindow} has let go, in eight bytes each. While the clock runs forwards nobody asks for
 * them: they have expired. A clock that is set back makes them fresh again, and without this memory either a replay would
 * pass or everything would be refused until the clock is again where it had been.
 *
 * <p>When it is full, the second that is over first is dropped as a whole, and {@link #isDropped} remembers which one it
 * was. Not thread-safe.
 */
final class PastChains {
    /** What a second takes beside its chains, in chains. */
    private static final int SECOND = 16;

    /** Dropped seconds that are no further apart than this are remembered as one range, in seconds. */
    private static final long GAP = 300;

    /** The fingerprints of the chains of one second; sorted when they are first searched. */
    private static final class Second {
        private long[] prints;
        private boolean sorted;

        Second(long[] prints) {
            this.prints = prints;
        }

        void add(long[] more) {
            long[] both = Arrays.copyOf(prints, prints.length + more.length);
            System.arraycopy(more, 0, both, prints.length, more.length);
            prints = both;
            sorted = false;
        }

        boolean holds(long print) {
            if (!sorted) {
                Arrays.sort(prints);
                sorted = true;
            }
            return Arrays.binarySearch(prints, print) >= 0;
        }
    }

    private final long capacity;
    private final TreeMap<Long, Second> seconds = new TreeMap<>();
    /** Ranges of seconds, the first by the last. */
    private final TreeMap<Long, Long> dropped = new TreeMap<>();

    private long size;

    /** Holds {@code capacity} chains of eight bytes. */
    PastChains(long capacity) {
        this.capacity = capacity;
    }

    /** The first eight bytes of a digest: two chains that have the same ones are not found in this universe's lifetime. */
    static long fingerprint(Bytes digest) {
        long print = 0;
        for (int i = 0; i < Math.min(Long.BYTES, digest.length()); i++) {
            print = print << Byte.SIZE | digest.at(i);
        }
        return print;
    }

    /** Adds the chains that expire in {@code second}, in seconds since 1970. */
    void add(long second, long[] prints) {
        Second known = seconds.get(second);
        if (known == null) {
            seconds.put(second, new Second(prints));
            size += SECOND;
        } else {
            known.add(prints);
        }
        size += prints.length;
        while (size > capacity && !seconds.isEmpty()) {
            Map.Entry<Long, Second> first = seconds.pollFirstEntry();
            size -= first.getValue().prints.length + SECOND;
            drop(first.getKey());
        }
    }

    private void drop(long second) {
        Map.Entry<Long, Long> before = dropped.floorEntry(second);
        if (before != null && second <= before.getValue() + GAP) {
            dropped.put(before.getKey(), Math.max(second, before.getValue()));
        } else {
            dropped.put(second, second);
        }
    }

    /** Whether a chain that expires in {@code second} might have been dropped. */
    boolean isDropped(long second) {
        Map.Entry<Long, Long> range = dropped.floorEntry(second);
        return range != null && second <= range.getValue();
    }

    boolean holds(long second, Bytes digest) {
        Second known = seconds.get(second);
        return known != null && known.holds(fingerprint(digest));
    }
}
