package dev.throughline.header;

import static com.google.common.base.Preconditions.checkArgument;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A writer for PROXY v2 headers. Throws if a length doesn't fit its field. */
public final class HeaderWriter {
    /** Size of the fixed part: signature, version and command, family, length. */
    public static final int FIXED_BYTES = HeaderReader.FIXED_BYTES;

    private HeaderWriter() {}

    /**
     * Writes a header with command PROXY.
     *
     * @param tuple addresses of the forwarded flow
     * @param tlvs in the order in which they are written
     * @return all bytes of the header, at most 65,551
     * @throws IllegalArgumentException if the TLVs don't fit the 16-bit length of the header
     */
    public static Bytes proxy(Tuple tuple, List<Tlv> tlvs) {
        return write(0x21, tuple.transport().code(), tuple.encode(), tlvs);
    }

    /**
     * Writes a header with command PROXY except its TLVs.
     *
     * @param tuple addresses of the forwarded flow
     * @param tlvBytes size of the TLVs, which the caller writes
     * @return the header; its last {@code tlvBytes} are zero
     * @throws IllegalArgumentException if the TLVs don't fit the 16-bit length of the header
     */
    public static byte[] proxyWithout(Tuple tuple, int tlvBytes) {
        return begin(0x21, tuple.transport().code(), tuple.encode(), tlvBytes);
    }

    /**
     * Writes a header with command PROXY and a CRC32C TLV (section 2.2.2) at its end.
     *
     * @param tuple addresses of the forwarded flow
     * @param tlvs the TLVs before the checksum, in order, without a CRC32C
     * @return all bytes of the header
     * @throws IllegalArgumentException if the TLVs don't fit the 16-bit length of the header
     */
    public static Bytes proxyWithChecksum(Tuple tuple, List<Tlv> tlvs) {
        return withChecksum(proxy(tuple, withEmptyChecksum(tlvs)));
    }

    /**
     * Writes a header with command LOCAL, which forwards no flow and has no addresses.
     *
     * @param tlvs in the order in which they are written
     * @return all bytes of the header, at most 65,551
     * @throws IllegalArgumentException if the TLVs don't fit the 16-bit length of the header
     */
    public static Bytes local(List<Tlv> tlvs) {
        return write(0x20, 0x00, new byte[0], tlvs);
    }

    /**
     * Writes a header with command LOCAL and a CRC32C TLV at its end.
     *
     * @param tlvs the TLVs before the checksum, in order, without a CRC32C
     * @return all bytes of the header
     * @throws IllegalArgumentException if the TLVs don't fit the 16-bit length of the header
     */
    public static Bytes localWithChecksum(List<Tlv> tlvs) {
        return withChecksum(local(withEmptyChecksum(tlvs)));
    }

    private static List<Tlv> withEmptyChecksum(List<Tlv> tlvs) {
        List<Tlv> all = new ArrayList<>(tlvs);
        all.add(new Tlv(Tlv.CRC32C, Bytes.wrap(new byte[4])));
        return all;
    }

    private static Bytes withChecksum(Bytes withEmptyChecksum) {
        byte[] header = withEmptyChecksum.toByteArray();
        int crcAt = header.length - 4;
        ByteBuffer.wrap(header).putInt(crcAt, HeaderReader.crc32c(header, header.length, crcAt));
        return Bytes.wrap(header);
    }

    private static Bytes write(int command, int family, byte[] addresses, List<Tlv> tlvs) {
        int tlvBytes = size(tlvs);
        ByteBuffer out = ByteBuffer.wrap(begin(command, family, addresses, tlvBytes));
        out.position(out.capacity() - tlvBytes);
        for (Tlv tlv : tlvs) {
            out.put((byte) tlv.type());
            out.putShort((short) tlv.value().length());
            tlv.value().copyInto(out.array(), out.position());
            out.position(out.position() + tlv.value().length());
        }
        return Bytes.wrap(out.array());
    }

    /** Returns a header with space for its TLVs. */
    private static byte[] begin(int command, int family, byte[] addresses, int tlvBytes) {
        int length = addresses.length + tlvBytes;
        checkArgument(length <= 0xFFFF, "a header has at most 65535 bytes after the fixed part: %s", length);
        byte[] header = Arrays.copyOf(HeaderReader.SIGNATURE, HeaderReader.FIXED_BYTES + length);
        header[12] = (byte) command;
        header[13] = (byte) family;
        header[14] = (byte) (length >> 8);
        header[15] = (byte) length;
        System.arraycopy(addresses, 0, header, HeaderReader.FIXED_BYTES, addresses.length);
        return header;
    }

    /**
     * Returns the number of bytes that {@link #proxy} writes.
     *
     * @param tuple the flow
     * @param tlvs in any order
     * @return the size of the header, fixed part and addresses included
     */
    public static int size(Tuple tuple, List<Tlv> tlvs) {
        return HeaderReader.FIXED_BYTES + tuple.transport().addressBytes() + size(tlvs);
    }

    private static int size(List<Tlv> tlvs) {
        int size = 0;
        for (Tlv tlv : tlvs) {
            size += Tlv.OVERHEAD + tlv.value().length();
        }
        return size;
    }
}
