package dev.throughline.platform.linux;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableListMultimap;
import com.google.common.net.InetAddresses;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The kernel's exact socket lookup, sock_diag(7), in the network namespace of the thread that opened it. Thread-safe; a
 * lookup takes a few microseconds and may run on an event loop. Needs no capability, except CAP_NET_ADMIN for marks.
 */
public final class SocketDiag implements AutoCloseable {
    private static final int SOCK_DIAG_BY_FAMILY = 20;
    private static final int SOCK_DESTROY = 21;
    private static final byte AF_INET = 2;
    private static final byte AF_INET6 = 10;
    private static final byte IPPROTO_TCP = 6;
    private static final int LISTEN = 10;
    /** A bit for each state of {@link SocketOwner#isOpen}. */
    private static final int OPEN = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8;

    private static final int INET_DIAG_MARK = 15;
    private static final int INET_DIAG_CGROUP_ID = 21;
    private static final int INET_DIAG_SOCKOPT = 22;
    /** In the first byte of struct inet_diag_sockopt. */
    private static final int TRANSPARENT = 1 << 5;

    private static final int REQUEST_BYTES = 56;
    private static final int ANSWER_BYTES = 72;

    private final NetlinkSocket netlink;

    private SocketDiag(NetlinkSocket netlink) {
        this.netlink = netlink;
    }

    public static SocketDiag open() throws OsException {
        return new SocketDiag(NetlinkSocket.open(NetlinkSocket.SOCK_DIAG));
    }

    /**
     * Returns the TCP socket whose local address is the tuple's source and whose peer address is its destination. An
     * IPv4 tuple finds dual-stack sockets too. A socket that is bound to a network device (SO_BINDTODEVICE, a
     * link-local address with its zone) isn't found.
     *
     * @throws OsException if the kernel can't be queried
     */
    public synchronized Optional<SocketOwner> find(Tuple tuple) throws OsException {
        checkArgument(
                tuple.transport() == TransportProtocol.TCP4 || tuple.transport() == TransportProtocol.TCP6,
                "not TCP: %s",
                tuple);
        NetlinkSocket.Answer answer =
                netlink.request("sock_diag", SOCK_DIAG_BY_FAMILY, SOCK_DIAG_BY_FAMILY, request(tuple));
        return switch (answer) {
            case NetlinkSocket.Answer.Message message -> owner(tuple, message.body());
            case NetlinkSocket.Answer.Refused(int errno) when errno == Errno.ENOENT -> Optional.empty();
            case NetlinkSocket.Answer.Refused(int errno) -> throw new OsException("sock_diag", errno);
        };
    }

    /**
     * Returns the open TCP connections of sockets whose own address and port is one of {@code sources}, as {@link #find} takes
     * them. Scans all of the host's connections.
     *
     * @throws OsException if the kernel can't be queried
     */
    public synchronized ImmutableListMultimap<InetSocketAddress, Tuple> openFrom(Set<InetSocketAddress> sources)
            throws OsException {
        ImmutableListMultimap.Builder<InetSocketAddress, Tuple> found = ImmutableListMultimap.builder();
        for (byte family : new byte[] {AF_INET, AF_INET6}) {
            ByteBuffer request = ByteBuffer.allocate(REQUEST_BYTES).order(ByteOrder.nativeOrder());
            request.put(family).put(IPPROTO_TCP);
            request.putInt(4, OPEN);
            request.position(0);
            netlink.dump("sock_diag", SOCK_DIAG_BY_FAMILY, SOCK_DIAG_BY_FAMILY, request, answer -> {
                if (answer.limit() >= ANSWER_BYTES && answer.getInt(68) != 0) {
                    InetSocketAddress source = endpoint(answer, 8, 4);
                    if (sources.contains(source)) {
                        found.put(source, Tuple.tcp(source, peer(answer)));
                    }
                }
            });
        }
        return found.build();
    }

    private static InetSocketAddress peer(ByteBuffer answer) {
        return endpoint(answer, 24, 6);
    }

    private static InetSocketAddress endpoint(ByteBuffer answer, int addressAt, int portAt) {
        byte[] address = new byte[answer.get(0) == AF_INET6 ? 16 : 4];
        answer.get(addressAt, address);
        int port = Byte.toUnsignedInt(answer.get(portAt)) << 8 | Byte.toUnsignedInt(answer.get(portAt + 1));
        try {
            // The JDK converts a mapped address to an IPv4 address.
            return new InetSocketAddress(InetAddress.getByAddress(address), port);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * Aborts the TCP socket of {@link #find}: its process gets ECONNABORTED from its next call (SOCK_DESTROY; kernels with
     * CONFIG_INET_DIAG_DESTROY). Needs CAP_NET_ADMIN.
     *
     * @return whether there was such a socket
     * @throws OsException EOPNOTSUPP if the kernel can't; EPERM without the capability
     */
    public synchronized boolean destroy(Tuple tuple) throws OsException {
        int errno = netlink.command("sock_destroy", SOCK_DESTROY, request(tuple));
        return switch (errno) {
            case 0 -> true;
            case Errno.ENOENT -> false;
            default -> throw new OsException("sock_destroy", errno);
        };
    }

    /** Returns whether the kernel finds sockets: without the tcp_diag module it reports none. */
    public synchronized boolean isAvailable() {
        try (ServerSocket own = new ServerSocket(0, 1)) {
            // For a missing connection the kernel returns the listener.
            Tuple tuple = Tuple.tcp(
                    new InetSocketAddress(InetAddresses.forString("127.0.0.1"), own.getLocalPort()),
                    new InetSocketAddress(InetAddresses.forString("127.0.0.1"), 1));
            return netlink.request("sock_diag", SOCK_DIAG_BY_FAMILY, SOCK_DIAG_BY_FAMILY, request(tuple))
                    instanceof NetlinkSocket.Answer.Message;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Returns a struct inet_diag_req_v2. The kernel sends mark, cgroup id and options unconditionally; idiag_ext has no bits
     * for them.
     */
    private static ByteBuffer request(Tuple tuple) {
        ByteBuffer request = ByteBuffer.allocate(REQUEST_BYTES).order(ByteOrder.nativeOrder());
        request.put(tuple.transport().isIpv6() ? AF_INET6 : AF_INET).put(IPPROTO_TCP);
        request.putInt(4, -1);
        port(request, 8, tuple.source());
        port(request, 10, tuple.destination());
        request.put(12, tuple.source().getAddress().getAddress());
        request.put(28, tuple.destination().getAddress().getAddress());
        request.putLong(48, -1);
        return request.position(0);
    }

    private static void port(ByteBuffer request, int at, InetSocketAddress endpoint) {
        request.put(at, (byte) (endpoint.getPort() >> 8)).put(at + 1, (byte) endpoint.getPort());
    }

    /** Reads the socket. Without an exact match the kernel returns a listener on the source's port, which is another socket. */
    private static Optional<SocketOwner> owner(Tuple tuple, ByteBuffer answer) {
        if (answer.limit() < ANSWER_BYTES
                || answer.get(1) == LISTEN
                || !isEndpoint(answer, 4, 8, tuple.source())
                || !isEndpoint(answer, 6, 24, tuple.destination())) {
            return Optional.empty();
        }
        ByteBuffer attributes =
                answer.duplicate().order(ByteOrder.nativeOrder()).position(ANSWER_BYTES);
        OptionalInt mark = Attributes.find(attributes, INET_DIAG_MARK)
                .filter(value -> value.limit() >= 4)
                .map(value -> OptionalInt.of(value.getInt(0)))
                .orElse(OptionalInt.empty());
        OptionalLong cgroup = Attributes.find(attributes, INET_DIAG_CGROUP_ID)
                .filter(value -> value.limit() >= 8)
                .map(value -> OptionalLong.of(value.getLong(0)))
                .orElse(OptionalLong.empty());
        // If unknown, as for a socket in TIME_WAIT or on a kernel before 5.10, treat the socket as transparent.
        boolean transparent = Attributes.find(attributes, INET_DIAG_SOCKOPT)
                .filter(value -> value.limit() >= 1)
                .map(value -> (value.get(0) & TRANSPARENT) != 0)
                .orElse(true);
        return Optional.of(new SocketOwner(
                Integer.toUnsignedLong(answer.getInt(68)),
                answer.getInt(64),
                answer.getLong(44),
                mark,
                cgroup,
                answer.get(1),
                tuple.transport() == TransportProtocol.TCP4 && !transparent));
    }

    /**
     * Returns whether an end is the expected one. The IPv4 address of a dual-stack socket is reported in mapped form,
     * ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
     */
    private static boolean isEndpoint(ByteBuffer answer, int portAt, int addressAt, InetSocketAddress expected) {
        byte[] wanted = expected.getAddress().getAddress();
        byte[] seen = new byte[answer.get(0) == AF_INET6 ? 16 : 4];
        answer.get(addressAt, seen);
        if (wanted.length == 4 && seen.length == 16) {
            byte[] mapped = new byte[16];
            mapped[10] = -1;
            mapped[11] = -1;
            System.arraycopy(wanted, 0, mapped, 12, 4);
            wanted = mapped;
        }
        int port = Byte.toUnsignedInt(answer.get(portAt)) << 8 | Byte.toUnsignedInt(answer.get(portAt + 1));
        return port == expected.getPort() && Arrays.equals(seen, wanted);
    }

    @Override
    public synchronized void close() {
        netlink.close();
    }
}
