package dev.throughline.intercept;

import dev.throughline.os.BpfProgram;
import dev.throughline.os.OsException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel's queues of connections that wait to be accepted. Each is served in the order of arrival, so one user who fills it
 * delays all others in it. A listener therefore has several sockets at its port (SO_REUSEPORT, socket(7)), and an eBPF program
 * gives each user of this host, and each other address, one of them. Without the kernel's notes of who connects there is no such
 * program, and the kernel spreads connections over the sockets as it likes. Thread-safe.
 */
public final class AcceptQueues implements AutoCloseable {
    /**
     * How many connections wait in the queue of one user, and in all queues of an address where the kernel chooses among them
     * (net.core.somaxconn may allow fewer).
     */
    public static final int BACKLOG = 1024;

    private static final Logger LOG = LoggerFactory.getLogger(AcceptQueues.class);

    /** SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF (asm-generic/socket.h). */
    private static final IntegerUnixChannelOption ATTACH =
            new IntegerUnixChannelOption("SO_ATTACH_REUSEPORT_EBPF", 1, 52);

    private static final IntegerUnixChannelOption DETACH =
            new IntegerUnixChannelOption("SO_DETACH_REUSEPORT_BPF", 1, 68);

    private final int queues;
    private final OptionalLong networkNamespace;
    private final List<Channel> sockets = new ArrayList<>();
    private Optional<BpfProgram> program = Optional.empty();

    /**
     * Queues in one network namespace.
     *
     * @param queues sockets of a listener at one address; a power of two. Two users share one by chance
     * @param networkNamespace its cookie (SO_NETNS_COOKIE); empty where the kernel says none
     */
    public AcceptQueues(int queues, OptionalLong networkNamespace) {
        this.queues = queues;
        this.networkNamespace = networkNamespace;
    }

    /** Makes the program that chooses the queue of a connection, by the kernel's notes. */
    public interface ByUser {
        /**
         * Loads the program into the kernel.
         *
         * @param networkNamespace cookie of the sockets' network namespace
         * @param queues how many sockets there are at an address
         * @throws OsException if the kernel refuses it
         */
        BpfProgram program(long networkNamespace, int queues) throws OsException;
    }

    /** Gives users queues of their own from now on, or no longer if {@code byUser} is empty. */
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

    /** A program whose notes have ended would give all users of this host one queue. */
    private static void detach(Channel socket) {
        try {
            socket.config().setOption(DETACH, 0);
        } catch (ChannelException detachedAlready) {
            // By another socket of its port.
        }
    }

    /** {@return how many sockets a listener has at an address} */
    int each() {
        return queues;
    }

    /** Adds a socket that listens. */
    synchronized void add(Channel socket) {
        sockets.add(socket);
        apply(socket);
    }

    /** The sockets of a port have one program, the last that any of them attached. A second listen(2) sets the backlog alone. */
    private void apply(Channel socket) {
        try {
            ((Socket) ((UnixChannel) socket).fd())
                    .listen(program.isPresent() ? BACKLOG : Math.max(1, BACKLOG / queues));
            if (program.isPresent()) {
                socket.config().setOption(ATTACH, program.get().descriptor());
            }
        } catch (IOException | ChannelException e) {
            if (socket.isOpen()) {
                LOG.warn("can't queue connections to {} by user: {}", socket.localAddress(), e.toString());
            }
        }
    }

    @Override
    public synchronized void close() {
        program.ifPresent(BpfProgram::close);
        program = Optional.empty();
    }
}
