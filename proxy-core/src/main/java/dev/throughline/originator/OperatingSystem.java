package dev.throughline.originator;

import java.util.Optional;

/** The system of the originator's host. It defines the meaning of the process fields. */
public enum OperatingSystem {
    /** Linux. */
    LINUX(1, "linux"),
    /** macOS. */
    MACOS(2, "macos"),
    /** Windows. */
    WINDOWS(3, "windows");

    /** A call of values() would make a copy. */
    private static final OperatingSystem[] ALL = values();

    private final int code;
    private final String text;

    OperatingSystem(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** {@return the code on the wire (SPEC, section 6)} */
    public int code() {
        return code;
    }

    /**
     * Returns the system with a code.
     *
     * @param code the code on the wire
     * @return empty for an unknown code, which must be rejected
     */
    public static Optional<OperatingSystem> ofCode(int code) {
        return EnumCodes.find(ALL, OperatingSystem::code, code);
    }

    @Override
    public String toString() {
        return text;
    }
}
