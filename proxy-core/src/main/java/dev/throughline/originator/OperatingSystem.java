package dev.throughline.originator;

import java.util.Optional;

/** The system on which the flow was opened; it decides what the process fields mean. */
public enum OperatingSystem {
    /** Linux. */
    LINUX(1, "linux"),
    /** macOS. */
    MACOS(2, "macos"),
    /** Windows. */
    WINDOWS(3, "windows");

    private final int code;
    private final String text;

    OperatingSystem(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** {@return the code that travels (SPEC, section 6)} */
    public int code() {
        return code;
    }

    /**
     * The system with this code.
     *
     * @param code as it travelled
     * @return empty for a code that isn't known to this version, which must be refused
     */
    public static Optional<OperatingSystem> ofCode(int code) {
        return EnumCodes.find(values(), OperatingSystem::code, code);
    }

    @Override
    public String toString() {
        return text;
    }
}
