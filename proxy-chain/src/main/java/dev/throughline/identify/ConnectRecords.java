package dev.throughline.identify;

import dev.throughline.header.Tuple;
import dev.throughline.identify.ebpf.ConnectRecord;
import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.platform.linux.OsException;
import dev.throughline.platform.linux.SocketOwner;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/** The kernel's records of connects in this network namespace. */
final class ConnectRecords {
    private final ConnectTracer tracer;
    private final long networkNamespace;
    private final ConnectRecordResolver resolver;

    ConnectRecords(ConnectTracer tracer, long networkNamespace, ConnectRecordResolver resolver) {
        this.tracer = tracer;
        this.networkNamespace = networkNamespace;
        this.resolver = resolver;
    }

    /**
     * Identifies the process that opened a connection, without its socket.
     *
     * @return empty if the socket is needed
     * @throws OsException if the kernel can't be queried
     */
    Optional<CompletableFuture<SocketIdentity>> find(Tuple tuple) throws OsException {
        return tracer.last(tuple, networkNamespace).map(resolver::name);
    }

    /** Returns the user who opened a connection, without its socket. */
    OptionalInt uid(Tuple tuple) throws OsException {
        return tracer.last(tuple, networkNamespace)
                .map(record -> OptionalInt.of(record.socket().orElseThrow().uid()))
                .orElse(OptionalInt.empty());
    }

    /**
     * Identifies the process that opened a connection.
     *
     * @param socket the application's end of it, if it still exists
     * @return empty if there is no record: the connection is older than the tracer, or the tables were full
     * @throws OsException if the kernel can't be queried
     */
    Optional<CompletableFuture<SocketIdentity>> find(Tuple tuple, Optional<SocketOwner> socket) throws OsException {
        return tracer.find(tuple, networkNamespace)
                .filter(record -> isOf(record, socket))
                .map(record -> resolver.name(record, socket));
    }

    /** Returns whether a record belongs to a socket. Addresses and ports are reused, a socket's cookie isn't. */
    private static boolean isOf(ConnectRecord record, Optional<SocketOwner> socket) {
        return socket.map(owner -> owner.cookie() == record.cookie()).orElse(true);
    }

    void execute(Runnable task) {
        resolver.execute(task);
    }

    void close() {
        resolver.close();
    }
}
