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

/** The textual facts about an originator or a destination. Each has a condition of the same name. */
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
    /** The host name of the requested destination, in lower case. */
    DESTINATION_HOST;

    Optional<String> of(PolicyRequest request) {
        Code code = request.originator().identity().code();
        ProcessContext processContext = request.originator().identity().processContext();
        Workload workload = request.originator().identity().workload();
        return switch (this) {
            case EXECUTABLE -> code.executable();
            case SHA256 -> code.sha256().map(Bytes::toHex);
            case SCRIPT -> code.script();
            case PARENT -> ifRecorded(processContext.parentExecutable(), request);
            case PARENT_SHA256 -> ifRecorded(processContext.parentSha256().map(Bytes::toHex), request);
            case UNIT -> workload.unit();
            case CONTAINER -> workload.container();
            case POD -> workload.pod().map(UUID::toString);
            case SIGNING_ID -> code.signature().signingId();
            case TEAM_ID -> code.signature().teamId();
            case DESTINATION_HOST -> request.destinationHost();
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
     * A parent is certain only if the kernel recorded it when the child connected, or an agent reports it. Later the
     * child may have been reparented.
     */
    private static Optional<String> ifRecorded(Optional<String> text, PolicyRequest request) {
        Evidence evidence = request.originator().identity().evidence();
        return evidence == Evidence.KERNEL_CONNECT || evidence == Evidence.BRIDGE ? text : Optional.empty();
    }

    /** Returns the key in a configuration, such as {@code destination-host}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
