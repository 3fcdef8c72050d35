package dev.throughline.ebpf;

import dev.throughline.header.Tuple;
import dev.throughline.os.BpfCode;
import dev.throughline.os.BpfLink;
import dev.throughline.os.BpfMap;
import dev.throughline.os.BpfProgram;
import dev.throughline.os.BpfProgram.Hook;
import dev.throughline.os.Btf;
import dev.throughline.os.OsException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The notes of who connected, taken by the kernel for all processes of this host while this is open. Thread-safe; a question
 * takes about a microsecond.
 */
public final class ConnectNotes implements AutoCloseable {
    /** Connections of the last while: a note takes about 200 bytes of the kernel's memory, and the oldest leave first. */
    public static final int CAPACITY = 1 << 18;

    private final BpfMap byCookie;
    private final BpfMap byTuple;
    private final List<BpfLink> links;
    private final boolean withProcess;

    private ConnectNotes(BpfMap byCookie, BpfMap byTuple, List<BpfLink> links, boolean withProcess) {
        this.byCookie = byCookie;
        this.byTuple = byTuple;
        this.links = links;
        this.withProcess = withProcess;
    }

    /**
     * Begins to take notes.
     *
     * @param cgroup the root of cgroup v2, for all processes of the host
     * @param capacity how many sockets are remembered, in each of two tables
     * @throws OsException EPERM without CAP_BPF and CAP_NET_ADMIN, ENOSYS where there is no bpf(2); nothing is left attached
     */
    public static ConnectNotes open(Path cgroup, int capacity) throws OsException {
        BpfMap byCookie = BpfMap.create(
                new BpfMap.Shape(BpfMap.Type.LRU_HASH, ConnectCode.COOKIE_BYTES, ConnectRecord.BYTES, capacity),
                "connect_cookie");
        BpfMap byTuple = null;
        List<BpfLink> links = new ArrayList<>();
        try {
            byTuple = BpfMap.create(
                    new BpfMap.Shape(BpfMap.Type.LRU_HASH, ConnectCode.TUPLE_BYTES, ConnectRecord.BYTES, capacity),
                    "connect_tuple");
            Optional<TaskLayout> layout = layout();
            for (Hook hook : List.of(Hook.CONNECT_IPV4, Hook.CONNECT_IPV6, Hook.SEND_IPV4, Hook.SEND_IPV6)) {
                links.add(attach(hook, ConnectCode.caller(byCookie, layout), "connect_caller", cgroup));
            }
            links.add(attach(Hook.SOCKET_EVENTS, ConnectCode.connection(byCookie, byTuple), "connect_tuple", cgroup));
            return new ConnectNotes(byCookie, byTuple, links, layout.isPresent());
        } catch (OsException e) {
            links.forEach(BpfLink::close);
            byCookie.close();
            if (byTuple != null) {
                byTuple.close();
            }
            throw e;
        }
    }

    private static BpfLink attach(Hook hook, BpfCode code, String name, Path cgroup) throws OsException {
        try (BpfProgram program = BpfProgram.load(hook, code, name)) {
            return program.attach(cgroup);
        }
    }

    private static Optional<TaskLayout> layout() {
        try {
            return TaskLayout.of(Btf.read(Btf.KERNEL));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Whether notes say what the process ran. */
    public boolean hasProcess() {
        return withProcess;
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
        return byTuple.find(key.array()).map(ConnectRecord::read);
    }

    /**
     * Who used a socket for connect(2), or for sendmsg(2) with a destination.
     *
     * @param cookie of the socket (SO_COOKIE)
     * @throws OsException if the kernel can't be asked
     */
    public Optional<ConnectRecord> find(long cookie) throws OsException {
        ByteBuffer key = ByteBuffer.allocate(ConnectCode.COOKIE_BYTES).order(ByteOrder.nativeOrder());
        return byCookie.find(key.putLong(0, cookie).array()).map(ConnectRecord::read);
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

    @Override
    public void close() {
        links.forEach(BpfLink::close);
        byTuple.close();
        byCookie.close();
    }
}
