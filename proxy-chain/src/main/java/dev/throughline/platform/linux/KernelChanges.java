package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Notifications of changes that affect interception: nftables rule sets (linux/netfilter/nfnetlink.h, NFNLGRP_NFTABLES), policy
 * rules, the routes of one routing table, and {@code lo} (rtnetlink(7)). Bound to the network namespace of the thread that
 * opened it. Needs CAP_NET_ADMIN. Not thread-safe, except for {@link #wake}.
 */
public final class KernelChanges implements AutoCloseable {
    /** The subject of a change. */
    public enum Kind {
        RULES,
        ROUTES,
        /** The kernel dropped notifications (ENOBUFS), so anything may have changed. */
        ANY
    }

    /**
     * A change.
     *
     * @param by the program that made it, such as {@code nft (process 42)}, if the kernel reports it
     */
    public record Change(Kind kind, Optional<String> by) {}

    private static final int EFD_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
    private static final short POLLIN = 1;

    /** NFNLGRP_NFTABLES is group 7. */
    private static final int NFTABLES_GROUPS = 1 << 6;
    /** Links, IPv4 routes and rules, IPv6 routes and rules (RTNLGRP_* minus one). */
    private static final int ROUTE_GROUPS = 1 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 18;

    private static final int NFT_MSG_NEWGEN = 10 << 8 | 15;
    private static final int GEN_PROC_PID = 2;
    private static final int GEN_PROC_NAME = 3;
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_DELLINK = 17;
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_DELROUTE = 25;
    private static final int RTM_NEWRULE = 32;
    private static final int RTM_DELRULE = 33;
    private static final int RTA_TABLE = 15;
    private static final int RTMSG_BYTES = 12;
    private static final int LO = 1;

    private static final int HEADER_BYTES = 16;
    private static final int BUFFER_BYTES = 64 * 1024;
    /**
     * Limits the notifications of one call, so that a program that changes rules all the time can't block the reader.
     */
    private static final int MAX_READ = 256;

    private final Libc libc = new Libc();
    private final int rules;
    private final int routes;
    private final int wakeup;
    private final int table;
    private final MemorySegment memory = Arena.ofAuto().allocate(BUFFER_BYTES, 8);
    private final ByteBuffer buffer = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    private final MemorySegment polled = Arena.ofAuto().allocate(24, 8);
    private boolean closed;

    private KernelChanges(int rules, int routes, int wakeup, int table) {
        this.rules = rules;
        this.routes = routes;
        this.wakeup = wakeup;
        this.table = table;
        setPolled(0, rules);
        setPolled(1, routes);
        setPolled(2, wakeup);
    }

    /**
     * Subscribes.
     *
     * @param table the routing table whose routes matter
     */
    public static KernelChanges open(int table) throws OsException {
        Libc libc = new Libc();
        int rules = NetlinkSocket.subscribe(libc, NetlinkSocket.NETFILTER, NFTABLES_GROUPS);
        int routes;
        try {
            routes = NetlinkSocket.subscribe(libc, NetlinkSocket.ROUTE, ROUTE_GROUPS);
        } catch (OsException e) {
            libc.close(rules);
            throw e;
        }
        int wakeup = libc.eventfd(0, EFD_NONBLOCK_CLOEXEC);
        if (wakeup < 0) {
            OsException failure = libc.failure("eventfd");
            libc.close(rules);
            libc.close(routes);
            throw failure;
        }
        return new KernelChanges(rules, routes, wakeup, table);
    }

    private void setPolled(int index, int fd) {
        polled.set(JAVA_INT, 8L * index, fd);
        polled.set(JAVA_SHORT, 8L * index + 4, POLLIN);
    }

    /** Waits for changes for at most {@code patience}, or until {@link #wake}, and returns them. */
    public ImmutableList<Change> await(Duration patience) {
        if (libc.poll(polled, 3, (int) Math.min(Integer.MAX_VALUE, patience.toMillis())) <= 0) {
            return ImmutableList.of();
        }
        libc.read(wakeup, memory, 8);
        Set<Change> changes = new LinkedHashSet<>();
        read(rules, changes);
        read(routes, changes);
        return ImmutableList.copyOf(changes);
    }

    /** Makes {@link #await} return at once. Callable from any thread; has no effect after {@link #close}. */
    public synchronized void wake() {
        if (closed) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = arena.allocate(JAVA_LONG);
            one.set(JAVA_LONG, 0, 1);
            new Libc().write(wakeup, one, 8);
        }
    }

    private void read(int fd, Set<Change> changes) {
        for (int i = 0; i < MAX_READ; i++) {
            long received = libc.recv(fd, memory, BUFFER_BYTES, 0);
            if (received < 0) {
                int errno = libc.errno();
                if (errno == Errno.EINTR) {
                    continue;
                }
                if (errno != Errno.EAGAIN) {
                    changes.add(new Change(Kind.ANY, Optional.empty()));
                }
                if (errno != Errno.ENOBUFS) {
                    return;
                }
            } else {
                messages((int) received, changes);
            }
        }
    }

    private void messages(int received, Set<Change> changes) {
        int at = 0;
        while (at + HEADER_BYTES <= received) {
            int length = buffer.getInt(at);
            if (length < HEADER_BYTES || at + length > received) {
                return;
            }
            message(at, length, changes);
            at += (length + 3) & ~3;
        }
    }

    private void message(int at, int length, Set<Change> changes) {
        ByteBuffer body = buffer.slice(at + HEADER_BYTES, length - HEADER_BYTES).order(ByteOrder.nativeOrder());
        int port = buffer.getInt(at + 12);
        switch (Short.toUnsignedInt(buffer.getShort(at + 4))) {
            case NFT_MSG_NEWGEN -> changes.add(new Change(Kind.RULES, author(body)));
            case RTM_NEWRULE, RTM_DELRULE -> changes.add(new Change(Kind.ROUTES, owner(port)));
            case RTM_NEWROUTE, RTM_DELROUTE -> {
                if (tableOf(body) == table) {
                    changes.add(new Change(Kind.ROUTES, owner(port)));
                }
            }
            case RTM_NEWLINK, RTM_DELLINK -> {
                if (body.limit() >= 8 && body.getInt(4) == LO) {
                    changes.add(new Change(Kind.ROUTES, owner(port)));
                }
            }
            default -> {}
        }
    }

    private static int tableOf(ByteBuffer route) {
        if (route.limit() < RTMSG_BYTES) {
            return 0;
        }
        int brief = Byte.toUnsignedInt(route.get(4));
        return Attributes.find(route.duplicate().order(ByteOrder.nativeOrder()).position(RTMSG_BYTES), RTA_TABLE)
                .filter(value -> value.limit() == 4)
                .map(value -> value.getInt(0))
                .orElse(brief);
    }

    /**
     * Returns the program that changed rules: the kernel reports its thread name, and its id in the initial pid
     * namespace.
     */
    private static Optional<String> author(ByteBuffer generation) {
        if (generation.limit() < 4) {
            return Optional.empty();
        }
        ByteBuffer attributes = generation.position(4);
        Optional<Integer> pid = Attributes.find(attributes, GEN_PROC_PID)
                .filter(value -> value.limit() == 4)
                .map(value -> value.order(ByteOrder.BIG_ENDIAN).getInt(0));
        Optional<String> name = Attributes.find(attributes, GEN_PROC_NAME).map(KernelChanges::text);
        return name.map(n -> pid.map(p -> n + " (process " + p + ")").orElse(n));
    }

    private static String text(ByteBuffer value) {
        byte[] bytes = new byte[value.limit()];
        value.get(0, bytes);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = text.indexOf('\0');
        return printable(end < 0 ? text : text.substring(0, end));
    }

    /**
     * Returns the process with a port id. By default the port id of a netlink socket is the pid of the process that opened it
     * (netlink(7)). This is a hint, not a proof.
     */
    private static Optional<String> owner(int port) {
        if (port <= 0) {
            return Optional.empty();
        }
        try {
            String name =
                    Files.readString(Path.of("/proc", Integer.toString(port), "comm"), StandardCharsets.ISO_8859_1);
            return Optional.of(printable(name.strip()) + " (process " + port + ")");
        } catch (IOException e) {
            return Optional.of("process " + port);
        }
    }

    /** Sanitises a name for the log: a process chooses its own. */
    private static String printable(String name) {
        return name.replaceAll("[^\\x21-\\x7e]", "?");
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            libc.close(rules);
            libc.close(routes);
            libc.close(wakeup);
        }
    }
}
