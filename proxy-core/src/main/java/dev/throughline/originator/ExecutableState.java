package dev.throughline.originator;

import java.util.Optional;

/** What had become of the path of an executable that ran on: it doesn't lead to what runs. */
public enum ExecutableState {
    /** The path leads to nothing any more. */
    DELETED(1, "deleted"),
    /** The path leads to another file now, as after an update. */
    REPLACED(2, "replaced");

    private final int code;
    private final String text;

    ExecutableState(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** {@return the code that travels (SPEC, section 6)} */
    public int code() {
        return code;
    }

    /**
     * The state with this code.
     *
     * @param code as it travelled
     * @return empty for a code that isn't known to this version, which must be refused
     */
    public static Optional<ExecutableState> ofCode(int code) {
        return EnumCodes.find(values(), ExecutableState::code, code);
    }

    @Override
    public String toString() {
        return text;
    }
}
