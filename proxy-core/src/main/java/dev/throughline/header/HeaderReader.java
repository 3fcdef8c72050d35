package dev.throughline.header;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A reader for PROXY v2 headers at the start of a connection. It keeps no state: after {@link ReadResult.NeedMore}, call it
 * again with all bytes received so far. It checks each of the sixteen fixed bytes as soon as it is received, and the rest when
 * it is complete. It never allocates memory by a claimed length.
 */
public final class HeaderReader {
    /** CR LF CR LF NUL CR LF "QUIT" LF (section 2.2). */
    static final byte[] SIGNATURE = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a");

    static final int FIXED_BYTES = 16;
    private static final int UNSPEC = 0x00;
    private static final byte VERSION_1 = 'P';

    private final HeaderLimits limits;
    private final boolean mapped;

    /**
     * Creates a reader that rejects longer headers as soon as it has their length field.
     *
     * @param limits the size limit
     */
    public HeaderReader(HeaderLimits limits) {
        this(limits, false);
    }

    private HeaderReader(HeaderLimits limits, boolean mapped) {
        this.limits = limits;
        this.mapped = mapped;
    }

    /**
     * Returns a reader for unsigned headers of proxies that listen on both families with one socket, such as HAProxy with
     * {@code bind :::80 v4v6}. These write an IPv4 flow with IPv4-mapped IPv6 addresses; it is read as IPv4. A header with one
     * mapped and one IPv6 end has no tuple.
     *
     * <p>It must not be used for headers with a chain, since a signed flow has exactly one encoding.
     *
     * @param limits the size limit
     * @return the reader
     */
    public static HeaderReader ofUnsignedHeaders(HeaderLimits limits) {
        return new HeaderReader(limits, true);
    }

    /** {@return the size limit} */
    public HeaderLimits limits() {
        return limits;
    }

    /**
     * Reads a header from the bytes received so far.
     *
     * @param bytes from the start of the connection; neither changed nor kept
     * @param length number of bytes received
     * @return complete, malformed, or the number of bytes needed
     */
    public ReadResult read(byte[] bytes, int length) {
        for (int i = 0; i < Math.min(length, SIGNATURE.length); i++) {
            if (bytes[i] != SIGNATURE[i]) {
                return malformed(
                        i,
                        "not a PROXY v2 signature: expected " + hex(SIGNATURE[i]) + ", found " + hex(bytes[i])
                                + (i == 0 && bytes[0] == VERSION_1 ? ", a PROXY v1 header; only v2 is accepted" : ""),
                        "2.2");
            }
        }
        if (length <= SIGNATURE.length) {
            return new ReadResult.NeedMore(FIXED_BYTES);
        }
        Optional<ReadResult> fixed = fixed(bytes, length);
        return fixed.isPresent() ? fixed.get() : whole(bytes, length);
    }

    /** Checks the four bytes after the signature, each as soon as it is received; empty if they are valid. */
    private Optional<ReadResult> fixed(byte[] bytes, int length) {
        int version = (bytes[12] & 0xF0) >> 4;
        int command = bytes[12] & 0x0F;
        if (version != 2) {
            return Optional.of(malformed(12, "version " + version + ", expected 2", "2.2"));
        }
        if (command > 1) {
            return Optional.of(malformed(12, "command " + command + ", expected 0 (LOCAL) or 1 (PROXY)", "2.2"));
        }
        if (length > 13 && transport(bytes).isEmpty() && !isLocalWithoutAddresses(bytes)) {
            String expected = isLocal(bytes)
                    ? " with LOCAL, expected 00 (UNSPEC), TCP or UDP"
                    : ", expected 11, 12, 21 or 22 (TCP or UDP over IPv4 or IPv6)";
            return Optional.of(malformed(13, "family " + hex(bytes[13]) + expected, "2.2"));
        }
        // The high byte alone can show that the header is too long. The message must not change when the low byte
        // comes.
        boolean highIsEnough = length > 14 && end(bytes[14], (byte) 0) > limits.maxBytes();
        if (highIsEnough || (length > 15 && end(bytes[14], bytes[15]) > limits.maxBytes())) {
            return Optional.of(malformed(
                    14,
                    "the header has " + (highIsEnough ? "at least " : "")
                            + end(bytes[14], highIsEnough ? 0 : bytes[15]) + " bytes, at most " + limits.maxBytes()
                            + " are accepted",
                    "2.2"));
        }
        return length < FIXED_BYTES ? Optional.of(new ReadResult.NeedMore(FIXED_BYTES)) : Optional.empty();
    }

    private ReadResult whole(byte[] bytes, int length) {
        int end = end(bytes[14], bytes[15]);
        Optional<TransportProtocol> transport = transport(bytes);
        int addressBytes = transport.isPresent() ? transport.get().addressBytes() : 0;
        if (end - FIXED_BYTES < addressBytes) {
            return malformed(
                    14, "length " + (end - FIXED_BYTES) + " is less than the address block of " + addressBytes, "2.2");
        }
        if (length < end) {
            return new ReadResult.NeedMore(end);
        }
        Bytes raw = Bytes.copyOf(bytes, 0, end);
        Optional<Tuple> tuple;
        try {
            // LOCAL: the content of the address block must be ignored, but its size determines where the TLVs start.
            tuple = isLocal(bytes) || transport.isEmpty()
                    ? Optional.empty()
                    : tuple(transport.get(), raw.part(FIXED_BYTES, addressBytes));
        } catch (IllegalArgumentException e) {
            return malformed(FIXED_BYTES, String.valueOf(e.getMessage()), "2.2");
        }
        Header.Command command = isLocal(bytes) ? Header.Command.LOCAL : Header.Command.PROXY;
        return rest(bytes, raw, command, tuple, FIXED_BYTES + addressBytes);
    }

    private Optional<Tuple> tuple(TransportProtocol transport, Bytes addresses) {
        return mapped ? Tuple.decodeMapped(transport, addresses) : Optional.of(Tuple.decode(transport, addresses));
    }

    private static boolean isLocal(byte[] bytes) {
        return (bytes[12] & 0x0F) == 0;
    }

    private static boolean isLocalWithoutAddresses(byte[] bytes) {
        return isLocal(bytes) && bytes[13] == UNSPEC;
    }

    private static Optional<TransportProtocol> transport(byte[] bytes) {
        return TransportProtocol.ofCode(bytes[13] & 0xFF);
    }

    private static int end(byte high, byte low) {
        return FIXED_BYTES + (((high & 0xFF) << 8) | (low & 0xFF));
    }

    private static ReadResult rest(byte[] bytes, Bytes raw, Header.Command command, Optional<Tuple> tuple, int offset) {
        int end = raw.length();
        List<Tlv> tlvs = new ArrayList<>(2);
        int crcAt = -1;
        int at = offset;
        while (at < end) {
            if (end - at < Tlv.OVERHEAD) {
                return malformed(at, (end - at) + " bytes left, a TLV needs at least 3", "2.2");
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
                // A second checksum could not cover the first, so the valid one would be ambiguous.
                if (crcAt >= 0 || size != 4) {
                    return malformed(at, "a header has at most one CRC32C TLV, of 4 bytes", "2.2.3");
                }
                crcAt = value;
            }
            tlvs.add(new Tlv(type, raw.part(value, size)));
            at = value + size;
        }
        if (crcAt >= 0 && ByteBuffer.wrap(bytes).getInt(crcAt) != crc32c(bytes, end, crcAt)) {
            return malformed(crcAt, "the CRC32C doesn't match the header", "2.2.3");
        }
        return new ReadResult.Complete(new Header(command, tuple, tlvs, raw));
    }

    /** Returns the checksum of a header, with the four checksum bytes at {@code crcAt} taken as zero. */
    static int crc32c(byte[] bytes, int end, int crcAt) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, crcAt);
        crc.update(new byte[4], 0, 4);
        crc.update(bytes, crcAt + 4, end - crcAt - 4);
        return (int) crc.getValue();
    }

    private static ReadResult malformed(int offset, String problem, String section) {
        return new ReadResult.Malformed(offset, problem, section);
    }

    private static String hex(byte value) {
        return HexFormat.of().toHexDigits(value);
    }
}
