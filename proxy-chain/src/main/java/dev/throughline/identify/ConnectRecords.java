package dev.throughline.identify;

import dev.throughline.header.Tuple;
import dev.throughline.identify.ebpf.ConnectRecord;
import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.platform.linux.OsException;
import dev.throughline.platform.linux.SocketOwner;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/** Who connected in this network namespace, as far as the kernel noted it. */
final class ConnectRecords {
    private final ConnectTracer notes;
    private final long networkNamespace;
    private final ConnectRecordResolver naming;

    ConnectRecords(ConnectTracer notes, long networkNamespace, ConnectRecordResolver naming) {
        this.notes = notes;
        this.networkNamespace = networkNamespace;
        this.naming = naming;
    }

    /**
     * Says who opened a connection, without its socket.
     *
     * @return empty if only the socket can tell
     * @throws OsException if the kernel can't be asked
     */
    Optional<CompletableFuture<SocketIdentity>> find(Tuple tuple) throws OsException {
        return notes.last(tuple, networkNamespace).map(naming::name);
    }

    /** Returns the user who opened a connection, without its socket. */
    OptionalInt uid(Tuple tuple) throws OsException {
        return notes.last(tuple, networkNamespace)
                .map(noted -> OptionalInt.of(noted.socket().orElseThrow().uid()))
                .orElse(OptionalInt.empty());
    }

    /**
     * Says who opened a connection.
     *
     * @param socket the application's end of it, if it is still there
     * @return empty if nothing was noted of it: it is older than the notes, or they were full
     * @throws OsException if the kernel can't be asked
     */
    Optional<CompletableFuture<SocketIdentity>> find(Tuple tuple, Optional<SocketOwner> socket) throws OsException {
        return notes.find(tuple, networkNamespace)
                .filter(noted -> isOf(noted, socket))
                .map(noted -> naming.name(noted, socket));
    }

    /** Addresses and ports come round again, a socket's cookie doesn't. */
    private static boolean isOf(ConnectRecord noted, Optional<SocketOwner> socket) {
        return socket.map(owner -> owner.cookie() == noted.cookie()).orElse(true);
    }

    void execute(Runnable task) {
        naming.execute(task);
    }

    void close() {
        naming.close();
    }
}
