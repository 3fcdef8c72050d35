package dev.throughline.originator;

import java.util.HexFormat;

/** The id of a host on the wire: 8 bytes of SHA-256 over its name (SPEC.md, "Ids"). */
public record HostId(long value) {
    /**
     * The id of the host that is called {@code name}.
     *
     * @throws IllegalArgumentException unless the name is 1 to 64 letters, digits, '.', '_' or '-'
     */
    public static HostId of(String name) {
        return new HostId(Name.id("throughline/host-id/v1", name));
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(value);
    }
}
