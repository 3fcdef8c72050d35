package dev.throughline.chain;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * The chains that have left a {@link ReplayWindow}, in eight bytes each. While the clock runs forward they aren't needed: they
 * have expired. If the clock is set back they are fresh again. Without this memory, either replays would be accepted, or
 * everything would be rejected until the clock reaches its former time.
 *
 * <p>When it is full, the chains that expired first are dropped by whole seconds; {@link #isDropped} remembers these seconds.
 * Not thread-safe.
 */
final class PastChains {
    /** The memory of a second besides its chains, in units of a chain. */
    private static final int SECOND = 16;

    /** Dropped seconds at most this far apart are remembered as one range, in seconds. */
    private static final long GAP = 300;

    /** The fingerprints of the chains of one second; sorted when first searched. */
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
    /** Ranges of dropped seconds: the first second by the last. */
    private final TreeMap<Long, Long> dropped = new TreeMap<>();

    private long size;
    /** The last second that was added: no later one is known. */
    private long latest = Long.MIN_VALUE;

    /** Creates a memory for {@code capacity} chains of eight bytes. */
    PastChains(long capacity) {
        this.capacity = capacity;
    }

    /**
     * Adds chains that expire in {@code second}, in seconds since 1970.
     *
     * @param prints the first eight bytes of each digest; a collision takes about 2^32 chains, and only rejects one
     */
    void add(long second, long[] prints) {
        latest = Math.max(latest, second);
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

    /** Returns whether a chain that expires in {@code second} may have been dropped. */
    boolean isDropped(long second) {
        if (dropped.isEmpty()) {
            return false;
        }
        Map.Entry<Long, Long> range = dropped.floorEntry(second);
        return range != null && second <= range.getValue();
    }

    /** Returns whether a chain with this print was added for {@code second}. */
    boolean holds(long second, long print) {
        // Chains that expire later than all of these are the rule: the map's boxed key is only needed for others.
        if (second > latest) {
            return false;
        }
        Second known = seconds.get(second);
        return known != null && known.holds(print);
    }
}
