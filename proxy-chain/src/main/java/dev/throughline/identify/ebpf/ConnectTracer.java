package dev.throughline.identify.ebpf;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.BootClock;
import dev.throughline.platform.linux.BpfProgram;
import dev.throughline.platform.linux.Btf;
import dev.throughline.platform.linux.OsException;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A tracer that has the kernel record which process opened each connection, for all processes of this host while it is
 * open. Thread-safe; a lookup takes about a microsecond.
 */
public final class ConnectTracer implements AutoCloseable {
    /**
     * Maximum number of sockets of one user that are recorded in a second. With 131,072 records, one user needs 8
     * seconds to evict another user's record, which a flow needs for two seconds at most.
     */
    static final int PER_SECOND = 16_384;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    /** How long a check that the programs are attached counts for later records. */
    static final long RECENT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final int COOKIE_BITS = 12;

    /**
     * A time at which the programs were attached, by two clocks.
     *
     * @param nanoTime of {@link System#nanoTime}, which is cheap
     * @param bootNanos of the records' clock, not before {@code nanoTime}
     */
    private record AttachedAt(long nanoTime, long bootNanos) {}

    private final BootClock clock = new BootClock();
    /** Initially long ago, and before no record. */
    private volatile AttachedAt attachedAt = new AttachedAt(System.nanoTime() - RECENT_NANOS, Long.MAX_VALUE);
    /** Cookies of the sockets that {@link #isRecent} was asked about, by their hashes. */
    private final long[] identified = new long[1 << COOKIE_BITS];

    private final RecordReader reader = new RecordReader();
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
     * Starts tracing for this process only; tracing ends with it.
     *
     * @param cgroup the root of cgroup v2, which contains all processes of the host
     * @param capacity maximum number of sockets in each of two tables of about 280 bytes per socket; the least recently
     *     used are evicted. At most {@value #PER_SECOND} sockets of one user are recorded in a second
     * @throws OsException with EPERM without CAP_BPF and CAP_NET_ADMIN, with ENOSYS without bpf(2); nothing stays
     *     attached
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
     * @param capacity maximum number of sockets, if no hop is tracing yet
     * @param bpffs a BPF file system, such as {@code /sys/fs/bpf}
     * @throws IOException like {@link #open}, or if tracing can't be shared there
     */
    public static ConnectTracer shared(Path cgroup, int capacity, Path bpffs) throws IOException {
        TracePlan plan = ConnectObjects.plan(layout());
        // The name depends on programs and layout, because records of others would be misread.
        String name = ConnectCode.version(plan, PER_SECOND);
        PinnedObjects.SharedObjects<ConnectObjects> opened = PinnedObjects.open(
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

    /** Returns the cgroup whose processes are traced, including its descendants. */
    public Path cgroup() {
        return cgroup;
    }

    /** Returns whether tracing is shared with other hops of this host. */
    public boolean isShared() {
        return pins.isPresent();
    }

    /**
     * Returns whether tracing still works: an administrator can detach the programs.
     *
     * @throws OsException if the kernel can't be queried
     */
    public boolean isAttached() throws OsException {
        return objects.isAttached();
    }

    /** Returns whether records have the executable of the process. */
    public boolean hasProcess() {
        return plan.has(TracePart.PROCESS);
    }

    /**
     * A part that isn't recorded.
     *
     * @param what the missing part, and the kernel's error
     * @param hint how to enable it
     */
    public record Missing(String what, String hint) {}

    /** Returns the parts that the kernel doesn't allow. */
    public ImmutableList<Missing> missing() {
        return plan.missing().entrySet().stream()
                .map(part -> new Missing(
                        part.getKey().meaning() + " is not recorded: " + part.getValue(),
                        TracerStartup.hint(part.getKey())))
                .collect(ImmutableList.toImmutableList());
    }

    /**
     * Returns the last exec(2) of a process.
     *
     * @return empty if it hasn't called exec(2) since tracing started, or the record was evicted
     * @throws OsException if the kernel can't be queried
     */
    public Optional<ExecRecord> lastExec(int pid) throws OsException {
        if (objects.byPid().isEmpty()) {
            return Optional.empty();
        }
        ByteBuffer key = ByteBuffer.allocate(ConnectCode.PID_BYTES).order(ByteOrder.nativeOrder());
        return objects.byPid().get().find(key.putInt(0, pid).array(), ExecRecord::read);
    }

    /**
     * Returns the record of the caller that opened a TCP connection.
     *
     * @param tuple the socket's local and peer addresses
     * @param networkNamespace cookie of the socket's network namespace
     * @throws OsException if the kernel can't be queried
     */
    public Optional<ConnectRecord> find(Tuple tuple, long networkNamespace) throws OsException {
        byte[] key = new byte[ConnectCode.TUPLE_BYTES];
        LONG.set(key, 0, networkNamespace);
        address(key, ConnectCode.TUPLE_LOCAL, tuple.source());
        address(key, ConnectCode.TUPLE_REMOTE, tuple.destination());
        INT.set(key, ConnectCode.TUPLE_LOCAL_PORT, tuple.source().getPort());
        int remotePort = tuple.destination().getPort();
        key[ConnectCode.TUPLE_REMOTE_PORT + 2] = (byte) (remotePort >> 8);
        key[ConnectCode.TUPLE_REMOTE_PORT + 3] = (byte) remotePort;
        return objects.byTuple().find(key, reader);
    }

    /**
     * Returns the record of the caller that opened the last TCP connection with these addresses, without looking up its
     * socket: any later connection with the same addresses would have replaced the record.
     *
     * @return empty if there is no record, or only a socket lookup can tell whether it applies
     * @throws OsException if the kernel can't be queried
     */
    public Optional<ConnectRecord> last(Tuple tuple, long networkNamespace) throws OsException {
        Optional<ConnectRecord> record = find(tuple, networkNamespace);
        return record.isPresent() && record.get().socket().isPresent() && seesConnections() ? record : Optional.empty();
    }

    /**
     * Returns whether connections are still recorded: records that were found before are of the last connections with their
     * addresses.
     *
     * @throws OsException if the kernel can't be queried
     */
    public boolean seesConnections() throws OsException {
        AttachedAt before = attachedAt;
        AttachedAt now = System.nanoTime() - before.nanoTime < RECENT_NANOS
                ? before
                : new AttachedAt(System.nanoTime(), clock.nanos());
        if (!objects.seesConnections()) {
            return false;
        }
        attachedAt = now;
        return true;
    }

    /**
     * Returns whether a record is so recent that it is of the last connection with its addresses, even without
     * {@link #seesConnections}, which is a system call. It was made at most 50 ms ago, connections were recorded at a time in
     * these 50 ms, and this is the first call for its socket. It could be of an earlier connection only if after that time,
     * which is before or after the record, its connection ended without being identified, a privileged process detached the
     * programs, and another process connected from the same port.
     *
     * @param record found after the connection was accepted
     */
    public boolean isRecent(ConnectRecord record) {
        AttachedAt check = attachedAt;
        long passed = System.nanoTime() - check.nanoTime;
        long made = record.bootNanos() - check.bootNanos;
        // A record from the future means that the host was suspended since the check, or has other clocks
        // (time_namespaces(7)).
        boolean isRecent = passed < RECENT_NANOS && made <= passed && passed - made < RECENT_NANOS;
        return isFirst(record.cookie()) && isRecent;
    }

    /** Returns whether this is the first call for a socket, as far as is remembered. */
    private boolean isFirst(long cookie) {
        int slot = (int) ((cookie * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - COOKIE_BITS));
        if (identified[slot] == cookie) {
            return false;
        }
        identified[slot] = cookie;
        return true;
    }

    /**
     * Returns a program that assigns each user of this host, and each remote address, one of the sockets that listen at
     * one port. Attach it to any of them (SO_ATTACH_REUSEPORT_EBPF, socket(7)). The caller closes it.
     *
     * @param networkNamespace cookie of the sockets' network namespace
     * @param queues number of sockets; a power of two
     * @throws OsException if the kernel refuses it
     */
    public BpfProgram queueByUser(long networkNamespace, int queues) throws OsException {
        return BpfProgram.load(
                BpfProgram.Hook.SOCKET_FILTER,
                QueueCode.choose(networkNamespace, queues),
                List.of(objects.bySource()),
                "queue_by_user");
    }

    private static void address(byte[] key, int at, InetSocketAddress endpoint) {
        byte[] address = endpoint.getAddress().getAddress();
        if (address.length == 4) {
            INT.set(key, at + 8, ConnectCode.MAPPED);
            System.arraycopy(address, 0, key, at + 12, 4);
        } else {
            System.arraycopy(address, 0, key, at, 16);
        }
    }

    @Override
    public void close() throws IOException {
        objects.close();
        if (pins.isPresent()) {
            pins.get().close();
        }
    }
}
