package dev.throughline.policy;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import java.util.Locale;
import java.util.Optional;

/** What is known of an originator, or of where it goes, as text; each is the condition of its name. */
public enum Subject {
    /** Path of the executable, as the process's own mount namespace names it. */
    EXECUTABLE,
    /** SHA-256 of the executable's bytes, in hex. */
    SHA256,
    /** The name by which the application asked for the destination, in small letters. */
    DESTINATION_HOST;

    Optional<String> of(Question question) {
        Code code = question.originator().identity().code();
        return switch (this) {
            case EXECUTABLE -> code.executable();
            case SHA256 -> code.sha256().map(Bytes::toHex);
            case DESTINATION_HOST -> question.destinationHost();
        };
    }

    /** Its key in a configuration, such as {@code destination-host}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
