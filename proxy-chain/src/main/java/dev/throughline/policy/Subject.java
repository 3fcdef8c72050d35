package dev.throughline.policy;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import dev.throughline.originator.Placement;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** What is known of an originator, or of where it goes, as text; each is the condition of its name. */
public enum Subject {
    /** Path of the executable, as the process's own mount namespace names it. */
    EXECUTABLE,
    /** SHA-256 of the executable's bytes, in hex. */
    SHA256,
    /** The unit of the system's systemd. */
    UNIT,
    /** Id of the container, as its runtime names it. */
    CONTAINER,
    /** Uid of the Kubernetes pod. */
    POD,
    /** The signing identifier of the code, on macOS. */
    SIGNING_ID,
    /** The team of whoever signed it, on macOS. */
    TEAM_ID,
    /** The name by which the application asked for the destination, in small letters. */
    DESTINATION_HOST;

    Optional<String> of(Question question) {
        Code code = question.originator().identity().code();
        Placement place = question.originator().identity().placement();
        return switch (this) {
            case EXECUTABLE -> code.executable();
            case SHA256 -> code.sha256().map(Bytes::toHex);
            case UNIT -> place.unit();
            case CONTAINER -> place.container();
            case POD -> place.pod().map(UUID::toString);
            case SIGNING_ID -> code.signature().signingId();
            case TEAM_ID -> code.signature().teamId();
            case DESTINATION_HOST -> question.destinationHost();
        };
    }

    /** Its key in a configuration, such as {@code destination-host}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
