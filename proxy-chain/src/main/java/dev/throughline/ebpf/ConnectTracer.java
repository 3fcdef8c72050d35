package dev.throughline.ebpf;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Tuple;
import dev.throughline.os.BpfProgram;
import dev.throughline.os.Btf;
import dev.throughline.os.OsException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The notes of who connected, taken by the kernel for all processes of this host while this is open. Thread-safe; a question
 * takes about a microsecond.
 */
public final class ConnectTracer implements AutoCloseable {
    /**
     * Sockets of one user that are noted in a second. With 131,072 notes, it takes one user 16 seconds to displace another user's
     * note, which a flow needs for two at most.
     */
    static final int PER_SECOND = 8192;

    private final Path cgroup;
    private final ConnectObjects objects;
    private final Optional<PinnedObjects> pins;
    private final TracePlan plan;

    private ConnectTracer(Path cgroup, ConnectObjects objects, Optional<PinnedObjects> pins, TracePlan plan) {
        this.cgroup = cgroup;
        this.objects = objects;
        this.pins = pins;
        this.plan = plan;
    }

    /**
     * Begins to take notes for this process alone: they end with it.
     *
     * @param cgroup the root of cgroup v2, for all processes of the host
     * @param capacity how many sockets are remembered, in each of two tables of about 280 bytes a socket; of too many, those
     *     used longest ago leave. Of one user, at most {@value #PER_SECOND} sockets a second are noted
     * @throws OsException EPERM without CAP_BPF and CAP_NET_ADMIN, ENOSYS where there is no bpf(2); nothing is left attached
     */
    public static ConnectTracer open(Path cgroup, int capacity) throws OsException {
        return open(cgroup, capacity, PER_SECOND);
    }

    static ConnectTracer open(Path cgroup, int capacity, int perSecond) throws OsException {
        TracePlan plan = ConnectObjects.plan(layout());
        return new ConnectTracer(
                cgroup, ConnectObjects.attach(cgroup, capacity, perSecond, plan), Optional.empty(), plan);
    }

    /**
     * Starts tracing, or joins the tracing of another hop of this user on this host.
     *
     * @param cgroup the root of cgroup v2
     * @param capacity how many sockets are remembered, if nobody takes notes yet
     * @param bpffs a BPF file system, such as {@code /sys/fs/bpf}
     * @throws IOException as {@link #open}, or if they can't be shared there
     */
    public static ConnectTracer shared(Path cgroup, int capacity, Path bpffs) throws IOException {
        TracePlan plan = ConnectObjects.plan(layout());
        // What other programs or another layout wrote would be read as what it isn't.
        String name = ConnectCode.version(plan, PER_SECOND);
        PinnedObjects.Opened<ConnectObjects> opened = PinnedObjects.open(
                bpffs.resolve("throughline"), name, folder -> ConnectObjects.open(folder, plan), empty -> {
                    ConnectObjects made = ConnectObjects.attach(cgroup, capacity, PER_SECOND, plan);
                    try {
                        made.pin(empty);
                        return made;
                    } catch (OsException e) {
                        made.close();
                        throw e;
                    }
                });
        return new ConnectTracer(cgroup, opened.made(), Optional.of(opened.pins()), plan);
    }

    private static Optional<KernelLayout> layout() {
        try {
            return KernelLayout.of(Btf.read(Btf.KERNEL));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The group whose processes notes are taken of, with all below it. */
    public Path cgroup() {
        return cgroup;
    }

    /** Whether other hops of this host use the same notes, or can. */
    public boolean isShared() {
        return pins.isPresent();
    }

    /**
     * Whether notes are still taken: an administrator can detach what takes them.
     *
     * @throws OsException if the kernel can't be asked
     */
    public boolean areTaken() throws OsException {
        return objects.areAttached();
    }

    /** Whether notes say what the process ran. */
    public boolean hasProcess() {
        return plan.has(TracePart.PROCESS);
    }

    /**
     * A part that isn't noted.
     *
     * @param what is missing, and what the kernel said
     * @param hint what it would take
     */
    public record Missing(TracePart part, String what, String hint) {}

    /** The parts that the kernel doesn't let be noted. */
    public ImmutableList<Missing> missing() {
        return plan.missing().entrySet().stream()
                .map(part -> new Missing(
                        part.getKey(),
                        part.getKey().meaning() + " is not recorded: " + part.getValue(),
                        TracerStartup.hint(part.getKey())))
                .collect(ImmutableList.toImmutableList());
    }

    /**
     * What a process was last asked to run.
     *
     * @return empty if it has called no exec(2) since notes are taken, or too many others have since
     * @throws OsException if the kernel can't be asked
     */
    public Optional<ExecRecord> lastExec(int pid) throws OsException {
        if (objects.byPid().isEmpty()) {
            return Optional.empty();
        }
        ByteBuffer key = ByteBuffer.allocate(ConnectCode.PID_BYTES).order(ByteOrder.nativeOrder());
        return objects.byPid().get().find(key.putInt(0, pid).array()).map(ExecRecord::read);
    }

    /**
     * Who opened a TCP connection.
     *
     * @param tuple the socket's own address and its peer's, as the socket has them
     * @param networkNamespace cookie of the socket's network namespace
     * @throws OsException if the kernel can't be asked
     */
    public Optional<ConnectRecord> find(Tuple tuple, long networkNamespace) throws OsException {
        ByteBuffer key = ByteBuffer.allocate(ConnectCode.TUPLE_BYTES).order(ByteOrder.nativeOrder());
        key.putLong(0, networkNamespace);
        address(key, ConnectCode.TUPLE_LOCAL, tuple.source());
        address(key, ConnectCode.TUPLE_REMOTE, tuple.destination());
        key.putInt(ConnectCode.TUPLE_LOCAL_PORT, tuple.source().getPort());
        key.put(ConnectCode.TUPLE_REMOTE_PORT + 2, (byte) (tuple.destination().getPort() >> 8));
        key.put(ConnectCode.TUPLE_REMOTE_PORT + 3, (byte) tuple.destination().getPort());
        return objects.byTuple().find(key.array()).map(ConnectRecord::read);
    }

    /**
     * Who opened the TCP connection that was the last to have these addresses, without a look at its socket: every later one,
     * whoever opened it, would have taken the place of this note.
     *
     * @return empty if nothing was noted, or only the socket itself can tell whether the note is of it
     * @throws OsException if the kernel can't be asked
     */
    public Optional<ConnectRecord> last(Tuple tuple, long networkNamespace) throws OsException {
        Optional<ConnectRecord> noted =
                find(tuple, networkNamespace).filter(found -> found.socket().isPresent());
        // In this order: as long as it is attached now, it was when the note was read.
        return noted.isPresent() && objects.seesConnections() ? noted : Optional.empty();
    }

    /**
     * Who used a socket for connect(2), or for sendmsg(2) with a destination.
     *
     * @param cookie of the socket (SO_COOKIE)
     * @throws OsException if the kernel can't be asked
     */
    public Optional<ConnectRecord> find(long cookie) throws OsException {
        ByteBuffer key = ByteBuffer.allocate(ConnectCode.COOKIE_BYTES).order(ByteOrder.nativeOrder());
        return objects.byCookie().find(key.putLong(0, cookie).array()).map(ConnectRecord::read);
    }

    /**
     * A program that gives each user of this host, and each other address, one of the sockets that listen at one port: to be
     * attached to any of them (SO_ATTACH_REUSEPORT_EBPF, socket(7)). The caller closes it.
     *
     * @param networkNamespace cookie of the sockets' network namespace
     * @param queues how many sockets there are; a power of two
     * @throws OsException if the kernel refuses it
     */
    public BpfProgram queueByUser(long networkNamespace, int queues) throws OsException {
        return BpfProgram.load(
                BpfProgram.Hook.SOCKET_FILTER,
                QueueCode.choose(networkNamespace, queues),
                List.of(objects.bySource()),
                "queue_by_user");
    }

    private static void address(ByteBuffer key, int at, InetSocketAddress endpoint) {
        byte[] address = endpoint.getAddress().getAddress();
        if (address.length == 4) {
            key.putInt(at + 8, ConnectCode.MAPPED);
            key.put(at + 12, address);
        } else {
            key.put(at, address);
        }
    }

    /** Ends as a process ends that is killed: without a look at who else uses what is pinned. */
    void abandon() {
        objects.close();
        pins.ifPresent(PinnedObjects::abandon);
    }

    @Override
    public void close() throws IOException {
        objects.close();
        if (pins.isPresent()) {
            pins.get().close();
        }
    }
}
