package dev.throughline.originator;

import java.util.Optional;

/** The system on which the flow was opened; it decides what the process fields mean. */
public enum OperatingSystem {
    LINUX(1, "linux"),
    MACOS(2, "macos"),
    WINDOWS(3, "windows");

    private final int code;
    private final String text;

    OperatingSystem(int code, String text) {
        this.code = code;
        this.text = text;
    }

    public int code() {
        return code;
    }

    public static Optional<OperatingSystem> ofCode(int code) {
        for (OperatingSystem system : values()) {
            if (system.code == code) {
                return Optional.of(system);
            }
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return text;
    }
}
