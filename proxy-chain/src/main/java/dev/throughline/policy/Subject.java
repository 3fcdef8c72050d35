package dev.throughline.policy;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** What is known of an originator, or of where it goes, as text; each is the condition of its name. */
public enum Subject {
    /** Path of the executable, in the mount namespace of the first hop. */
    EXECUTABLE,
    /** SHA-256 of the executable's bytes, in hex. */
    SHA256,
    /** Path of the script that the executable interprets. */
    SCRIPT,
    /** Path of the parent process's executable. */
    PARENT,
    /** SHA-256 of the parent process's executable, in hex. */
    PARENT_SHA256,
    /** The unit of the system's systemd. */
    UNIT,
    /** Id of the container, as its runtime names it. */
    CONTAINER,
    /** Uid of the Kubernetes pod. */
    POD,
    /** The signing identifier of the code, on macOS. */
    SIGNING_ID,
    /** The team of the signer, on macOS. */
    TEAM_ID,
    /** The name by which the application asked for the destination, in small letters. */
    DESTINATION_HOST;

    Optional<String> of(PolicyRequest question) {
        Code code = question.originator().identity().code();
        ProcessContext processContext = question.originator().identity().processContext();
        Workload place = question.originator().identity().workload();
        return switch (this) {
            case EXECUTABLE -> code.executable();
            case SHA256 -> code.sha256().map(Bytes::toHex);
            case SCRIPT -> code.script();
            case PARENT -> ifNoted(processContext.parentExecutable(), question);
            case PARENT_SHA256 -> ifNoted(processContext.parentSha256().map(Bytes::toHex), question);
            case UNIT -> place.unit();
            case CONTAINER -> place.container();
            case POD -> place.pod().map(UUID::toString);
            case SIGNING_ID -> code.signature().signingId();
            case TEAM_ID -> code.signature().teamId();
            case DESTINATION_HOST -> question.destinationHost();
        };
    }

    /**
     * Returns whether an absent value means that a fact is missing. Every process has an executable. Many have no unit, container or
     * signature, so their absence means a missing fact only if the process isn't identified.
     */
    boolean isExpected(ProcessIdentity who) {
        return switch (this) {
            case EXECUTABLE, SHA256 -> true;
            case SCRIPT, PARENT, PARENT_SHA256, UNIT, CONTAINER, POD -> !isNamed(who.evidence());
            case SIGNING_ID, TEAM_ID -> who.system() == OperatingSystem.MACOS && !isNamed(who.evidence());
            case DESTINATION_HOST -> false;
        };
    }

    private static boolean isNamed(Evidence evidence) {
        return switch (evidence) {
            case SOCKET_LOOKUP, KERNEL_CONNECT, BRIDGE -> true;
            case UNKNOWN, UID_ONLY, SHARED, REMOTE -> false;
        };
    }

    /**
     * A parent is certain only if the kernel noted it as its child connected, or an agent says it: afterwards another process
     * may have taken the child over.
     */
    private static Optional<String> ifNoted(Optional<String> text, PolicyRequest question) {
        Evidence evidence = question.originator().identity().evidence();
        return evidence == Evidence.KERNEL_CONNECT || evidence == Evidence.BRIDGE ? text : Optional.empty();
    }

    /** Its key in a configuration, such as {@code destination-host}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
