package dev.throughline.header;

import com.google.common.collect.ImmutableList;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Reads a PROXY v2 header from the first bytes of a connection. It is a function of those bytes: call it again with more
 * of them after {@link ReadResult.NeedMore}, however they were split. It refuses at the first byte that can't be right
 * and never reserves memory by a length that was only claimed.
 */
public final class HeaderReader {
    /** CR LF CR LF NUL CR LF "QUIT" LF (section 2.2). */
    static final byte[] SIGNATURE = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a");

    static final int FIXED_BYTES = 16;
    private static final int UNSPEC = 0x00;

    private final HeaderLimits limits;

    /**
     * A reader that refuses longer headers as soon as they claim their length.
     *
     * @param limits how long a header may be
     */
    public HeaderReader(HeaderLimits limits) {
        this.limits = limits;
    }

    /**
     * Reads a header, as far as it has arrived.
     *
     * @param bytes begin where the connection began; not changed, and not kept
     * @param length how many of them have arrived
     * @return complete, malformed, or how many bytes it takes to say more
     */
    public ReadResult read(byte[] bytes, int length) {
        for (int i = 0; i < Math.min(length, SIGNATURE.length); i++) {
            if (bytes[i] != SIGNATURE[i]) {
                return malformed(
                        i,
                        "not a PROXY v2 signature: expected " + hex(SIGNATURE[i]) + ", found " + hex(bytes[i]),
                        "2.2");
            }
        }
        if (length < FIXED_BYTES) {
            return new ReadResult.NeedMore(FIXED_BYTES);
        }
        int version = (bytes[12] & 0xF0) >> 4;
        int command = bytes[12] & 0x0F;
        if (version != 2) {
            return malformed(12, "version " + version + ", expected 2", "2.2");
        }
        if (command > 1) {
            return malformed(12, "command " + command + ", expected 0 (LOCAL) or 1 (PROXY)", "2.2");
        }
        int end = FIXED_BYTES + (((bytes[14] & 0xFF) << 8) | (bytes[15] & 0xFF));
        if (end > limits.maxBytes()) {
            return malformed(
                    14, "the header has " + end + " bytes, at most " + limits.maxBytes() + " are accepted", "2.2");
        }
        return command == 0 ? local(bytes, length, end) : proxy(bytes, length, end);
    }

    /** LOCAL: whatever the address block says must be ignored, but its size decides where the TLVs begin. */
    private static ReadResult local(byte[] bytes, int length, int end) {
        int family = bytes[13] & 0xFF;
        Optional<Transport> transport = Transport.ofCode(family);
        if (transport.isEmpty() && family != UNSPEC) {
            return malformed(13, "family " + hex(bytes[13]) + " with LOCAL, expected 00 (UNSPEC), TCP or UDP", "2.2");
        }
        int addressBytes = transport.map(Transport::addressBytes).orElse(0);
        return addressesFit(end, addressBytes)
                ? rest(bytes, length, end, Header.Command.LOCAL, Optional.empty(), FIXED_BYTES + addressBytes)
                : tooShort(end, addressBytes);
    }

    private static ReadResult proxy(byte[] bytes, int length, int end) {
        Optional<Transport> transport = Transport.ofCode(bytes[13] & 0xFF);
        if (transport.isEmpty()) {
            return malformed(
                    13,
                    "family " + hex(bytes[13]) + ", expected 11, 12, 21 or 22 (TCP or UDP over IPv4 or IPv6)",
                    "2.2");
        }
        int addressBytes = transport.get().addressBytes();
        if (!addressesFit(end, addressBytes)) {
            return tooShort(end, addressBytes);
        }
        if (length < end) {
            return new ReadResult.NeedMore(end);
        }
        Tuple tuple;
        try {
            tuple = Tuple.decode(transport.get(), bytes, FIXED_BYTES);
        } catch (IllegalArgumentException e) {
            return malformed(FIXED_BYTES, String.valueOf(e.getMessage()), "2.2");
        }
        return rest(bytes, length, end, Header.Command.PROXY, Optional.of(tuple), FIXED_BYTES + addressBytes);
    }

    private static ReadResult rest(
            byte[] bytes, int length, int end, Header.Command command, Optional<Tuple> tuple, int offset) {
        if (length < end) {
            return new ReadResult.NeedMore(end);
        }
        ImmutableList.Builder<Tlv> tlvs = ImmutableList.builder();
        int crcAt = -1;
        int at = offset;
        while (at < end) {
            if (end - at < Tlv.OVERHEAD) {
                return malformed(at, (end - at) + " bytes left, a TLV has at least 3", "2.2");
            }
            int type = bytes[at] & 0xFF;
            int size = ((bytes[at + 1] & 0xFF) << 8) | (bytes[at + 2] & 0xFF);
            int value = at + Tlv.OVERHEAD;
            if (size > end - value) {
                return malformed(
                        at + 1,
                        "TLV " + hex(bytes[at]) + " claims " + size + " bytes, " + (end - value) + " are left",
                        "2.2");
            }
            if (type == Tlv.CRC32C) {
                // A second checksum could not cover the first one: which of them holds would be a choice.
                if (crcAt >= 0 || size != 4) {
                    return malformed(at, "a header has at most one CRC32C TLV, of 4 bytes", "2.2.2");
                }
                crcAt = value;
            }
            tlvs.add(new Tlv(type, Bytes.copyOf(bytes, value, size)));
            at = value + size;
        }
        if (crcAt >= 0 && ByteBuffer.wrap(bytes).getInt(crcAt) != crc32c(bytes, end, crcAt)) {
            return malformed(crcAt, "the CRC32C doesn't match the header", "2.2.2");
        }
        return new ReadResult.Complete(new Header(command, tuple, tlvs.build(), Bytes.copyOf(bytes, 0, end)));
    }

    /** The checksum of a header whose own four checksum bytes at {@code crcAt} count as zero. */
    static int crc32c(byte[] bytes, int end, int crcAt) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, crcAt);
        crc.update(new byte[4], 0, 4);
        crc.update(bytes, crcAt + 4, end - crcAt - 4);
        return (int) crc.getValue();
    }

    private static boolean addressesFit(int end, int addressBytes) {
        return end - FIXED_BYTES >= addressBytes;
    }

    private static ReadResult tooShort(int end, int addressBytes) {
        return malformed(
                14, "length " + (end - FIXED_BYTES) + " is less than the address block of " + addressBytes, "2.2");
    }

    private static ReadResult malformed(int offset, String problem, String section) {
        return new ReadResult.Malformed(offset, problem, section);
    }

    private static String hex(byte value) {
        return HexFormat.of().toHexDigits(value);
    }
}
