package dev.throughline.tests;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A capture file in pcap's format, of raw IP packets: each payload is a TCP connection's first segment. */
final class Pcap {
    private static final int LINKTYPE_RAW = 101;
    private static final int LARGEST_PACKET = 65_535;
    private static final int IP_BYTES = 20;
    private static final int TCP_BYTES = 20;
    private static final int LOCALHOST = 0x7F000001;

    /** The destination port, for which Wireshark has no dissector; each payload has another source port above it. */
    private static final int PORT = 17_001;

    private Pcap() {}

    static void write(Path file, List<byte[]> payloads) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(ByteBuffer.allocate(24)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(0xA1B2C3D4)
                    .putShort((short) 2)
                    .putShort((short) 4)
                    .putInt(16, LARGEST_PACKET)
                    .putInt(20, LINKTYPE_RAW)
                    .array());
            for (int i = 0; i < payloads.size(); i++) {
                byte[] packet = packet(PORT + 1 + i, payloads.get(i));
                out.write(ByteBuffer.allocate(16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(8, packet.length)
                        .putInt(12, packet.length)
                        .array());
                out.write(packet);
            }
        }
    }

    /** IPv4 (RFC 791) with TCP (RFC 9293), without checksums. */
    private static byte[] packet(int sourcePort, byte[] payload) {
        int length = IP_BYTES + TCP_BYTES + payload.length;
        return ByteBuffer.allocate(length)
                .put(0, (byte) 0x45)
                .putShort(2, (short) length)
                .put(8, (byte) 64)
                .put(9, (byte) 6)
                .putInt(12, LOCALHOST)
                .putInt(16, LOCALHOST)
                .putShort(IP_BYTES, (short) sourcePort)
                .putShort(IP_BYTES + 2, (short) PORT)
                .putInt(IP_BYTES + 4, 1)
                .putInt(IP_BYTES + 8, 1)
                .putShort(IP_BYTES + 12, (short) 0x5018)
                .putShort(IP_BYTES + 14, (short) 65_535)
                .put(IP_BYTES + TCP_BYTES, payload)
                .array();
    }
}
