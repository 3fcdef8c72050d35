package dev.throughline.originator;

import java.util.Optional;

/** The state of an executable's path that no longer leads to the running file. */
public enum ExecutableState {
    /** The path no longer exists. */
    DELETED(1, "deleted"),
    /** The path leads to another file, as after an update. */
    REPLACED(2, "replaced");

    private final int code;
    private final String text;

    ExecutableState(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** {@return the code on the wire (SPEC, section 6)} */
    public int code() {
        return code;
    }

    /**
     * Returns the state with a code.
     *
     * @param code the code on the wire
     * @return empty for an unknown code, which must be rejected
     */
    public static Optional<ExecutableState> ofCode(int code) {
        return EnumCodes.find(values(), ExecutableState::code, code);
    }

    @Override
    public String toString() {
        return text;
    }
}
