package dev.throughline.identify;

import dev.throughline.header.Tuple;
import dev.throughline.identify.ebpf.ConnectRecord;
import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.platform.linux.OsException;
import dev.throughline.platform.linux.SocketOwner;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** The kernel's records of connects in this network namespace. Thread-safe. */
final class ConnectRecords {
    /** A power of two. */
    private static final int MAX_FOUND = 512;

    private final ConnectTracer tracer;
    private final long networkNamespace;
    private final ConnectRecordResolver resolver;
    /**
     * Records that {@link #uid} found and {@link #last} needs soon, by source port. A lost entry costs another lookup.
     */
    private final AtomicReferenceArray<@Nullable Found> found = new AtomicReferenceArray<>(MAX_FOUND);

    /** A record of the connection with this tuple. */
    private record Found(Tuple tuple, ConnectRecord record) {
        /**
         * Returns whether the record is of the connection that {@code asked} is about. The source must be the same object:
         * equal addresses can be those of a later connection.
         */
        @SuppressWarnings("ReferenceEquality")
        boolean isOf(Tuple asked) {
            return tuple.source() == asked.source() && tuple.destination().equals(asked.destination());
        }
    }

    ConnectRecords(ConnectTracer tracer, long networkNamespace, ConnectRecordResolver resolver) {
        this.tracer = tracer;
        this.networkNamespace = networkNamespace;
        this.resolver = resolver;
    }

    /**
     * Returns the record of the last caller that opened a connection with these addresses, if it may be used without its socket:
     * {@link #isRecent} or {@link #areComplete} must say so.
     *
     * @param tuple of the connection; if {@link #uid} was called with the same source object, this is the record that it found
     * @throws OsException if the kernel can't be queried
     */
    @Nullable
    ConnectRecord last(Tuple tuple) throws OsException {
        ConnectRecord record = takeFound(tuple);
        if (record == null) {
            record = tracer.find(tuple, networkNamespace).orElse(null);
        }
        return record != null && record.socket().isPresent() ? record : null;
    }

    /** As {@link ConnectTracer#isRecent}. */
    boolean isRecent(ConnectRecord record) {
        return tracer.isRecent(record);
    }

    /**
     * As {@link ConnectTracer#seesConnections}.
     *
     * @throws OsException if the kernel can't be queried
     */
    boolean areComplete() throws OsException {
        return tracer.seesConnections();
    }

    /** Identifies the process by a record that {@link #last} returned. */
    CompletableFuture<SocketIdentity> name(ConnectRecord record) {
        return resolver.name(record);
    }

    private @Nullable ConnectRecord takeFound(Tuple tuple) {
        int slot = slot(tuple);
        Found last = found.get(slot);
        if (last == null || !last.isOf(tuple)) {
            return null;
        }
        found.set(slot, null);
        return last.record;
    }

    private static int slot(Tuple tuple) {
        // The kernel chooses even ports first, so the lowest bit is usually the same.
        return (tuple.source().getPort() >>> 1) & (MAX_FOUND - 1);
    }

    /**
     * Returns the user who opened a connection, without its socket, for fair queueing. It isn't checked whether later connections
     * were recorded.
     */
    OptionalInt uid(Tuple tuple) throws OsException {
        ConnectRecord record = tracer.find(tuple, networkNamespace).orElse(null);
        if (record == null || record.socket().isEmpty()) {
            return OptionalInt.empty();
        }
        found.set(slot(tuple), new Found(tuple, record));
        return OptionalInt.of(record.socket().get().uid());
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
