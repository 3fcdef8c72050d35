package dev.throughline.identify;

import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.platform.linux.SocketOwner;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The process that holds the other end of an intercepted flow, or that connected to a Unix socket, as identified by this host's
 * kernel.
 *
 * @param identity the process, with evidence KERNEL_CONNECT, SOCKET_LOOKUP, UID_ONLY, SHARED, UNKNOWN or REMOTE
 * @param mark SO_MARK of the application's socket; empty without CAP_NET_ADMIN, or if the socket isn't here
 * @param uid the user who created the socket, or who connected to the Unix socket, as an unsigned 32-bit id; empty for UNKNOWN
 *     and REMOTE, and for SHARED unless every holder is that user
 */
public record SocketIdentity(ProcessIdentity identity, OptionalInt mark, OptionalInt uid) {
    static SocketIdentity remote() {
        return nobody(Evidence.REMOTE, OptionalInt.empty());
    }

    static SocketIdentity unknown(OptionalInt mark) {
        return nobody(Evidence.UNKNOWN, mark);
    }

    private static SocketIdentity nobody(Evidence evidence, OptionalInt mark) {
        return new SocketIdentity(ProcessIdentity.unknown(evidence, OperatingSystem.LINUX), mark, OptionalInt.empty());
    }

    static SocketIdentity userOnly(SocketOwner socket, ProcessContext processContext) {
        return unnamed(Evidence.UID_ONLY, socket.mark(), OptionalInt.of(socket.uid()), processContext);
    }

    static SocketIdentity shared(SocketOwner socket, ProcessContext processContext) {
        return unnamed(Evidence.SHARED, socket.mark(), OptionalInt.of(socket.uid()), processContext);
    }

    static SocketIdentity sharedByUsers(SocketOwner socket) {
        return nobody(Evidence.SHARED, socket.mark());
    }

    private static SocketIdentity unnamed(
            Evidence evidence, OptionalInt mark, OptionalInt uid, ProcessContext processContext) {
        ProcessIdentity identity = new ProcessIdentity(
                evidence,
                OperatingSystem.LINUX,
                Optional.empty(),
                uid.isPresent() ? Optional.of(Credentials.ofUser(uid.getAsInt())) : Optional.empty(),
                Code.UNKNOWN,
                Workload.UNKNOWN,
                processContext);
        return new SocketIdentity(identity, mark, uid);
    }
}
