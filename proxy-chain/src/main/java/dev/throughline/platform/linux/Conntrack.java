package dev.throughline.platform.linux;

import dev.throughline.header.Tuple;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The kernel's connection tracking table (linux/netfilter/nfnetlink_conntrack.h) in the network namespace of the thread
 * that opened it. Thread-safe; a lookup takes a few microseconds. Needs CAP_NET_ADMIN.
 *
 * <p>REDIRECT is NAT, and NAT may change the source port if two sockets share one towards different destinations. Then
 * the peer address that a listener sees belongs to no socket, or to one of another process. The original tuple has the
 * application's own addresses.
 */
public final class Conntrack implements AutoCloseable {
    private static final int CT_NEW = 1 << 8;
    private static final int CT_GET = 1 << 8 | 1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int TUPLE_ORIG = 1;
    private static final int TUPLE_REPLY = 2;
    private static final int TUPLE_IP = 1;
    private static final int TUPLE_PROTO = 2;
    private static final int PROTO_NUM = 1;
    private static final int SOURCE_PORT = 2;
    private static final int DESTINATION_PORT = 3;
    private static final byte IPPROTO_TCP = 6;
    private static final byte IPPROTO_UDP = 17;
    private static final int NFGENMSG_BYTES = 4;

    private final NetlinkSocket netlink;

    private Conntrack(NetlinkSocket netlink) {
        this.netlink = netlink;
    }

    public static Conntrack open() throws OsException {
        return new Conntrack(NetlinkSocket.open(NetlinkSocket.NETFILTER));
    }

    /**
     * Returns the original source and destination of the TCP connection whose replies go from {@code listener} (the
     * accepted socket's local address) to {@code peer}. For a connection without NAT this is {@code peer -> listener};
     * for an untracked one it is empty. Only connections in the default zone are found.
     *
     * @throws OsException if the kernel can't be queried, with EPERM without CAP_NET_ADMIN
     */
    public synchronized Optional<Tuple> original(InetSocketAddress listener, InetSocketAddress peer)
            throws OsException {
        Tuple reply = Tuple.tcp(listener, peer);
        return switch (netlink.request("conntrack get", CT_GET, CT_NEW, request(TUPLE_REPLY, reply))) {
            case NetlinkSocket.Answer.Message message -> original(reply, message.body());
            case NetlinkSocket.Answer.Refused(int errno) when errno == Errno.ENOENT -> Optional.empty();
            case NetlinkSocket.Answer.Refused(int errno) -> throw new OsException("conntrack get", errno);
        };
    }

    /**
     * Returns whether conntrack knows a TCP connection whose first packet had this tuple, translated or not.
     *
     * @throws OsException if the kernel can't be queried, with EPERM without CAP_NET_ADMIN
     */
    public synchronized boolean knows(Tuple original) throws OsException {
        return switch (netlink.request("conntrack get", CT_GET, CT_NEW, request(TUPLE_ORIG, original))) {
            case NetlinkSocket.Answer.Message message ->
                tuple(
                                message.body().position(NFGENMSG_BYTES),
                                TUPLE_ORIG,
                                original.transport().isIpv6())
                        .filter(original::equals)
                        .isPresent();
            case NetlinkSocket.Answer.Refused(int errno) when errno == Errno.ENOENT -> false;
            case NetlinkSocket.Answer.Refused(int errno) -> throw new OsException("conntrack get", errno);
        };
    }

    /**
     * Returns the source with the most entries and their number, such as {@code udp from 127.0.0.1:40000}. Goes through
     * all entries.
     *
     * @throws OsException if the kernel can't be queried, with EPERM without CAP_NET_ADMIN
     */
    public synchronized Optional<Map.Entry<String, Integer>> largestSource() throws OsException {
        Map<String, Integer> sources = new HashMap<>();
        netlink.dump("conntrack dump", CT_GET, CT_NEW, ByteBuffer.allocate(NFGENMSG_BYTES), entry -> {
            boolean ipv6 = entry.get(0) == AF_INET6;
            Attributes.find(entry.position(NFGENMSG_BYTES), TUPLE_ORIG)
                    .flatMap(tuple -> source(tuple, ipv6))
                    .ifPresent(source -> sources.merge(source, 1, Integer::sum));
        });
        return sources.entrySet().stream().max(Map.Entry.comparingByValue());
    }

    private static Optional<String> source(ByteBuffer tuple, boolean ipv6) {
        return Attributes.find(tuple, TUPLE_IP)
                .flatMap(addresses -> Attributes.find(tuple, TUPLE_PROTO)
                        .flatMap(protocol -> endpoint(addresses, sourceAddress(ipv6), protocol, SOURCE_PORT, ipv6)
                                .map(source -> protocol(protocol) + " from " + Tuple.text(source))));
    }

    private static String protocol(ByteBuffer protocol) {
        byte number =
                Attributes.bytes(protocol, PROTO_NUM, 1).map(bytes -> bytes[0]).orElse((byte) 0);
        return switch (number) {
            case IPPROTO_TCP -> "tcp";
            case IPPROTO_UDP -> "udp";
            default -> "protocol " + Byte.toUnsignedInt(number);
        };
    }

    /** @param direction TUPLE_ORIG or TUPLE_REPLY */
    private static ByteBuffer request(int direction, Tuple wanted) {
        boolean ipv6 = wanted.transport().isIpv6();
        ByteBuffer request = ByteBuffer.allocate(128).order(ByteOrder.nativeOrder());
        request.put((byte) (ipv6 ? AF_INET6 : AF_INET)).put((byte) 0).putShort((short) 0);
        int tuple = Attributes.begin(request, direction);
        int addresses = Attributes.begin(request, TUPLE_IP);
        Attributes.put(
                request, sourceAddress(ipv6), wanted.source().getAddress().getAddress());
        Attributes.put(
                request,
                sourceAddress(ipv6) + 1,
                wanted.destination().getAddress().getAddress());
        Attributes.end(request, addresses);
        int protocol = Attributes.begin(request, TUPLE_PROTO);
        Attributes.put(request, PROTO_NUM, new byte[] {IPPROTO_TCP});
        Attributes.put(request, SOURCE_PORT, port(wanted.source()));
        Attributes.put(request, DESTINATION_PORT, port(wanted.destination()));
        Attributes.end(request, protocol);
        Attributes.end(request, tuple);
        return request.flip();
    }

    /**
     * Reads the original tuple. The entry is used only if its reply tuple is the requested one: a wrong original tuple would
     * identify another process.
     */
    private static Optional<Tuple> original(Tuple reply, ByteBuffer answer) {
        ByteBuffer attributes = answer.position(NFGENMSG_BYTES);
        boolean ipv6 = reply.transport().isIpv6();
        return tuple(attributes, TUPLE_REPLY, ipv6)
                .filter(reply::equals)
                .flatMap(same -> tuple(attributes, TUPLE_ORIG, ipv6));
    }

    private static Optional<Tuple> tuple(ByteBuffer attributes, int type, boolean ipv6) {
        return Attributes.find(attributes, type)
                .flatMap(tuple -> Attributes.find(tuple, TUPLE_IP)
                        .flatMap(addresses -> Attributes.find(tuple, TUPLE_PROTO)
                                .flatMap(protocol -> tuple(addresses, protocol, ipv6))));
    }

    private static Optional<Tuple> tuple(ByteBuffer addresses, ByteBuffer protocol, boolean ipv6) {
        return Attributes.bytes(protocol, PROTO_NUM, 1)
                .filter(number -> number[0] == IPPROTO_TCP)
                .flatMap(tcp -> endpoint(addresses, sourceAddress(ipv6), protocol, SOURCE_PORT, ipv6))
                .flatMap(source -> endpoint(addresses, sourceAddress(ipv6) + 1, protocol, DESTINATION_PORT, ipv6)
                        .map(destination -> Tuple.tcp(source, destination)));
    }

    private static Optional<InetSocketAddress> endpoint(
            ByteBuffer addresses, int addressType, ByteBuffer protocol, int portType, boolean ipv6) {
        int size = ipv6 ? 16 : 4;
        return Attributes.bytes(addresses, addressType, size)
                .flatMap(address -> Attributes.bytes(protocol, portType, 2)
                        .map(port -> new InetSocketAddress(
                                Tuple.address(address),
                                Byte.toUnsignedInt(port[0]) << 8 | Byte.toUnsignedInt(port[1]))));
    }

    /** Returns CTA_IP_V4_SRC or CTA_IP_V6_SRC; the destination's number follows. */
    private static int sourceAddress(boolean ipv6) {
        return ipv6 ? 3 : 1;
    }

    private static byte[] port(InetSocketAddress endpoint) {
        return new byte[] {(byte) (endpoint.getPort() >> 8), (byte) endpoint.getPort()};
    }

    @Override
    public synchronized void close() {
        netlink.close();
    }
}
