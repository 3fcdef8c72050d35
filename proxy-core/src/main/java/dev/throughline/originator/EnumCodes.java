package dev.throughline.originator;

import java.util.Optional;
import java.util.function.ToIntFunction;

/** A lookup of enum constants by their codes on the wire. */
final class EnumCodes {
    private EnumCodes() {}

    /** Returns the constant with {@code code}; empty if this version does not know it. */
    static <E extends Enum<E>> Optional<E> find(E[] constants, ToIntFunction<E> codeOf, int code) {
        for (E constant : constants) {
            if (codeOf.applyAsInt(constant) == code) {
                return Optional.of(constant);
            }
        }
        return Optional.empty();
    }
}
