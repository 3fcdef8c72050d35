package dev.throughline.intercept;

import dev.throughline.engine.ListeningSocket;
import dev.throughline.platform.linux.BpfProgram;
import dev.throughline.platform.linux.OsException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel's accept queues. Each is first in, first out, so a user who fills one delays all others in it. A listener
 * therefore has several sockets at its port (SO_REUSEPORT, socket(7)), and an eBPF program assigns one of them to each
 * user of this host, and to each remote address. The program needs connect tracing; without it, the kernel distributes
 * connections by hash. Thread-safe.
 */
public final class AcceptQueues implements AutoCloseable {
    /**
     * Maximum number of connections in one queue if there is a queue for each user, and in all queues of an address
     * otherwise (net.core.somaxconn may allow fewer).
     */
    public static final int BACKLOG = 1024;

    private static final Logger LOG = LoggerFactory.getLogger(AcceptQueues.class);

    private static final int SOL_SOCKET = 1;
    /** asm-generic/socket.h */
    private static final int SO_ATTACH_REUSEPORT_EBPF = 52;

    private static final int SO_DETACH_REUSEPORT_BPF = 68;

    private final int queues;
    private final OptionalLong networkNamespace;
    private final List<ListeningSocket> sockets = new ArrayList<>();
    private Optional<BpfProgram> program = Optional.empty();

    /**
     * Creates queues for one network namespace.
     *
     * @param queues number of sockets of a listener at one address, a power of two; two users may share one
     * @param networkNamespace its cookie (SO_NETNS_COOKIE); empty if the kernel doesn't support it
     */
    public AcceptQueues(int queues, OptionalLong networkNamespace) {
        this.queues = queues;
        this.networkNamespace = networkNamespace;
    }

    /** A loader of the program that chooses the queue of a connection by its user. */
    public interface ByUser {
        /**
         * Loads the program into the kernel.
         *
         * @param networkNamespace cookie of the sockets' network namespace
         * @param queues number of sockets at an address
         * @throws OsException if the kernel refuses it
         */
        BpfProgram program(long networkNamespace, int queues) throws OsException;
    }

    /** Sets the program that assigns queues to users; the kernel distributes connections if {@code byUser} is empty. */
    public synchronized void use(Optional<ByUser> byUser) {
        boolean attached = program.isPresent();
        close();
        if (byUser.isPresent() && networkNamespace.isPresent()) {
            try {
                program = Optional.of(byUser.get().program(networkNamespace.getAsLong(), queues));
            } catch (OsException e) {
                LOG.warn("can't queue connections by user: {}", e.getMessage());
            }
        }
        sockets.removeIf(socket -> !socket.isOpen());
        sockets.forEach(this::apply);
        if (attached && program.isEmpty()) {
            sockets.forEach(AcceptQueues::detach);
        }
    }

    /** Without connect tracing the program would assign one queue to all users of this host. */
    private static void detach(ListeningSocket socket) {
        try {
            socket.option(SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0);
        } catch (IOException detachedAlready) {
            // Already attached through another socket of the same port.
        }
    }

    /** {@return the number of sockets of a listener at one address} */
    int each() {
        return queues;
    }

    /** Adds a listening socket. */
    synchronized void add(ListeningSocket socket) {
        sockets.add(socket);
        apply(socket);
    }

    /** All sockets of a port share the program that was attached last. A second listen(2) only sets the backlog. */
    private void apply(ListeningSocket socket) {
        try {
            socket.backlog(program.isPresent() ? BACKLOG : Math.max(1, BACKLOG / queues));
            if (program.isPresent()) {
                socket.option(
                        SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, program.get().descriptor());
            }
        } catch (IOException e) {
            if (socket.isOpen()) {
                LOG.warn("can't queue connections to {} by user: {}", socket.address(), e.toString());
            }
        }
    }

    @Override
    public synchronized void close() {
        program.ifPresent(BpfProgram::close);
        program = Optional.empty();
    }
}
