package dev.throughline.tests;

import com.google.common.primitives.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A generator of broken and unusual headers from valid ones, deterministic for a seed. */
final class HeaderMutator {
    private static final int LENGTH_AT = 14;

    /** Types that some reader interprets: TLS with nested TLVs, a checksum, padding, and the chain's. */
    private static final int[] TYPES = {0x01, 0x03, 0x04, 0x20, 0x21, 0xE5};

    private static final int[] COMMANDS = {0x20, 0x21, 0x22, 0x11, 0x31, 0x00, 0x01, 0xFF};
    private static final int[] FAMILIES = {0x00, 0x11, 0x12, 0x13, 0x21, 0x22, 0x31, 0x32, 0xFF};

    private final List<byte[]> seeds;
    private final SplittableRandom random;

    HeaderMutator(List<byte[]> seeds, long seed) {
        this.seeds = seeds;
        this.random = new SplittableRandom(seed);
    }

    /** Returns a valid header with one to three edits. */
    byte[] next() {
        byte[] header = seeds.get(random.nextInt(seeds.size())).clone();
        for (int edits = random.nextInt(1, 4); edits > 0; edits--) {
            header = edited(header);
        }
        return header;
    }

    private byte[] edited(byte[] header) {
        if (header.length <= LENGTH_AT + 2) {
            return header;
        }
        return switch (random.nextInt(11)) {
            case 0 -> flipped(header, random.nextInt(header.length));
            case 1 -> flipped(header, random.nextInt(Math.min(header.length, 60)));
            case 2 -> with(header, random.nextInt(header.length), random.nextInt(256));
            case 3 -> with(header, 12, COMMANDS[random.nextInt(COMMANDS.length)]);
            case 4 -> with(header, 13, FAMILIES[random.nextInt(FAMILIES.length)]);
            case 5 -> withNumber(header, LENGTH_AT, number(header, LENGTH_AT) + random.nextInt(-4, 5));
            case 6 -> withNumber(header, LENGTH_AT, random.nextInt(1 << 16));
            case 7 -> Arrays.copyOf(header, random.nextInt(header.length));
            case 8 -> ended(header, random.nextInt(-8, 9));
            case 9 -> tlvChanged(header);
            default -> tlvAdded(header);
        };
    }

    private byte[] flipped(byte[] header, int at) {
        return with(header, at, header[at] ^ (1 << random.nextInt(8)));
    }

    /** Longer or shorter by some bytes, and the header's length says so. */
    private static byte[] ended(byte[] header, int by) {
        int length = Math.max(LENGTH_AT + 2, header.length + by);
        return withNumber(Arrays.copyOf(header, length), LENGTH_AT, length - LENGTH_AT - 2);
    }

    /** Another type for a TLV, or a length that is a little wrong. */
    private byte[] tlvChanged(byte[] header) {
        List<Integer> places = tlvs(header);
        if (places.isEmpty()) {
            return header;
        }
        int at = places.get(random.nextInt(places.size()));
        return random.nextBoolean()
                ? with(header, at, TYPES[random.nextInt(TYPES.length)])
                : withNumber(header, at + 1, number(header, at + 1) + random.nextInt(-4, 5));
    }

    /** A small TLV behind the others. */
    private byte[] tlvAdded(byte[] header) {
        byte[] value = new byte[random.nextInt(12)];
        random.nextBytes(value);
        byte[] tlv =
                Bytes.concat(new byte[] {(byte) TYPES[random.nextInt(TYPES.length)], 0, (byte) value.length}, value);
        byte[] longer = Bytes.concat(header, tlv);
        return withNumber(longer, LENGTH_AT, longer.length - LENGTH_AT - 2);
    }

    /** Where TLVs begin, as far as that is known. */
    private static List<Integer> tlvs(byte[] header) {
        List<Integer> places = new ArrayList<>();
        int addresses = (header[13] & 0xF0) == 0x20 ? 36 : 12;
        for (int at = LENGTH_AT + 2 + addresses; at + 3 <= header.length; at += 3 + number(header, at + 1)) {
            places.add(at);
        }
        return places;
    }

    private static int number(byte[] header, int at) {
        return (header[at] & 0xFF) << 8 | (header[at + 1] & 0xFF);
    }

    private static byte[] withNumber(byte[] header, int at, int number) {
        return with(with(header, at, number >> 8), at + 1, number);
    }

    private static byte[] with(byte[] header, int at, int value) {
        byte[] changed = header.clone();
        changed[at] = (byte) value;
        return changed;
    }
}
