package dev.throughline.header;

import java.util.Optional;

/**
 * Address family and transport protocol of a flow, with the code that PROXY v2 gives the pair (section 2.2, the 14th
 * byte) and the size of its address block in bytes.
 */
public enum Transport {
    TCP4(0x11, 12),
    UDP4(0x12, 12),
    TCP6(0x21, 36),
    UDP6(0x22, 36);

    private final int code;
    private final int addressBytes;

    Transport(int code, int addressBytes) {
        this.code = code;
        this.addressBytes = addressBytes;
    }

    public int code() {
        return code;
    }

    /** Source address, destination address, source port, destination port. */
    public int addressBytes() {
        return addressBytes;
    }

    public boolean isIpv6() {
        return addressBytes == 36;
    }

    public static Optional<Transport> ofCode(int code) {
        for (Transport transport : values()) {
            if (transport.code == code) {
                return Optional.of(transport);
            }
        }
        return Optional.empty();
    }
}
