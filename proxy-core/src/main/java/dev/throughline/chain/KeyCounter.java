package dev.throughline.chain;

import java.util.UUID;

/**
 * A count for each key of 24 bytes. A hash table in one array of numbers: a map would keep five objects for each key, which the
 * collector would have to copy and mark while they wait for their end. Not thread-safe.
 */
final class KeyCounter {
    /** Three numbers of a key, and its count: 0 if the place is free. */
    private static final int PLACE = 4;

    private static final int COUNT = 3;
    private static final int FEWEST_PLACES = 16;

    /** Secret, so that senders can't choose keys that share a place and make searches slow. */
    private static final long[] SECRETS = {secret(), secret(), secret()};

    /** A power of two of places. A key is in the first free one from the place that its hash names. */
    private long[] places = new long[FEWEST_PLACES * PLACE];

    private int size;

    /** Returns the number of keys. */
    int size() {
        return size;
    }

    /** Returns the count of a key, 0 if it was never incremented. */
    int count(long first, long second, long third) {
        return countAt(place(first, second, third));
    }

    /** Returns the count of the key at a {@link #place}. */
    int countAt(int place) {
        return (int) places[place + COUNT];
    }

    void increment(long first, long second, long third) {
        incrementAt(place(first, second, third), first, second, third);
    }

    /** Increments the count of a key at its {@link #place}, which saves a search. */
    void incrementAt(int at, long first, long second, long third) {
        if (places[at + COUNT]++ == 0) {
            places[at] = first;
            places[at + 1] = second;
            places[at + 2] = third;
            size++;
            // At two thirds, a search still takes few steps.
            if (3L * PLACE * size > 2L * places.length) {
                grow();
            }
        }
    }

    /** Returns the first number of each key, in any order. */
    long[] firstNumbers() {
        long[] numbers = new long[size];
        int found = 0;
        for (int at = 0; at < places.length; at += PLACE) {
            if (places[at + COUNT] != 0) {
                numbers[found++] = places[at];
            }
        }
        return numbers;
    }

    private void grow() {
        long[] old = places;
        places = new long[2 * old.length];
        for (int at = 0; at < old.length; at += PLACE) {
            if (old[at + COUNT] != 0) {
                System.arraycopy(old, at, places, place(old[at], old[at + 1], old[at + 2]), PLACE);
            }
        }
    }

    /** Returns the index of the place that has a key or is free for it. It is valid until the next increment of another key. */
    int place(long first, long second, long third) {
        long[] all = places;
        int mask = all.length - 1;
        int at = (hash(first, second, third) * PLACE) & mask;
        while (all[at + COUNT] != 0 && (all[at] != first || all[at + 1] != second || all[at + 2] != third)) {
            at = (at + PLACE) & mask;
        }
        return at;
    }

    /** Returns 60 bits of a strong source. */
    private static long secret() {
        return UUID.randomUUID().getMostSignificantBits();
    }

    private static int hash(long first, long second, long third) {
        return (int) mixed(mixed(mixed(first, 0) ^ second, 1) ^ third, 2);
    }

    /** Mixes all bits into the lower ones (the finalizer of MurmurHash3, with a secret). */
    private static long mixed(long bits, int round) {
        long mixed = bits ^ SECRETS[round];
        mixed = (mixed ^ mixed >>> 33) * 0xFF51AFD7ED558CCDL;
        return mixed ^ mixed >>> 33;
    }
}
