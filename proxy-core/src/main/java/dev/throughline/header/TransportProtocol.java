package dev.throughline.header;

import java.util.Optional;

/**
 * The address family and transport protocol of a flow, with the PROXY v2 code of the pair (section 2.2, the 14th byte) and the
 * size of its address block in bytes.
 */
public enum TransportProtocol {
    /** TCP over IPv4. */
    TCP4(0x11, 12),
    /** UDP over IPv4. */
    UDP4(0x12, 12),
    /** TCP over IPv6. */
    TCP6(0x21, 36),
    /** UDP over IPv6. */
    UDP6(0x22, 36);

    /** A call of values() would make a copy. */
    private static final TransportProtocol[] ALL = values();

    private final int code;
    private final int addressBytes;

    TransportProtocol(int code, int addressBytes) {
        this.code = code;
        this.addressBytes = addressBytes;
    }

    /** {@return the header's 14th byte: {@code 11}, {@code 12}, {@code 21} or {@code 22} in hexadecimal} */
    public int code() {
        return code;
    }

    /** {@return 12 or 36: source address, destination address, source port, destination port} */
    public int addressBytes() {
        return addressBytes;
    }

    /** {@return whether it is TCP, not UDP} */
    public boolean isTcp() {
        return this == TCP4 || this == TCP6;
    }

    /** {@return whether the addresses have 16 bytes, not 4} */
    public boolean isIpv6() {
        return addressBytes == 36;
    }

    /** Returns the same protocol over the given family. */
    TransportProtocol ofFamily(boolean ipv6) {
        return isTcp() ? ipv6 ? TCP6 : TCP4 : ipv6 ? UDP6 : UDP4;
    }

    /**
     * Returns the transport with a code.
     *
     * @param code the header's 14th byte
     * @return empty for UNSPEC, Unix sockets and undefined codes
     */
    public static Optional<TransportProtocol> ofCode(int code) {
        for (TransportProtocol transport : ALL) {
            if (transport.code == code) {
                return Optional.of(transport);
            }
        }
        return Optional.empty();
    }
}
