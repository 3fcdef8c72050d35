package dev.throughline.platform.linux;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The lookup of the route of a packet with a mark (rtnetlink(7), RTM_GETROUTE), in the network namespace of the thread
 * that opened it. The kernel applies all policy rules. Needs no capability. Not thread-safe.
 */
public final class RouteLookup implements AutoCloseable {
    /** The result of a lookup. */
    public sealed interface Route {
        /**
         * A route.
         *
         * @param table its routing table
         * @param local whether it delivers to this host
         * @param device the index of its interface, 1 for {@code lo}
         */
        record Found(int table, boolean local, int device) implements Route {}

        /** There is no route. */
        record None(String reason) implements Route {}
    }

    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_GETROUTE = 26;
    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_TABLE = 15;
    private static final int RTA_MARK = 16;
    private static final int RTM_F_LOOKUP_TABLE = 0x1000;
    private static final int RTN_LOCAL = 2;
    private static final int TABLE_AT = 4;
    private static final int TYPE_AT = 7;
    private static final int FLAGS_AT = 8;
    private static final int RTMSG_BYTES = 12;

    private final NetlinkSocket netlink;

    private RouteLookup(NetlinkSocket netlink) {
        this.netlink = netlink;
    }

    public static RouteLookup open() throws OsException {
        return new RouteLookup(NetlinkSocket.open(NetlinkSocket.ROUTE));
    }

    /**
     * Returns the route of a packet of this host.
     *
     * @throws OsException if the kernel can't be queried
     */
    public Route find(InetAddress destination, int mark) throws OsException {
        byte[] address = destination.getAddress();
        ByteBuffer request = ByteBuffer.allocate(RTMSG_BYTES + 28).order(ByteOrder.nativeOrder());
        request.put((byte) (address.length == 16 ? 10 : 2)).put((byte) (8 * address.length));
        request.putInt(FLAGS_AT, RTM_F_LOOKUP_TABLE).position(RTMSG_BYTES);
        Attributes.put(request, RTA_DST, address);
        Attributes.put(
                request,
                RTA_MARK,
                ByteBuffer.allocate(4)
                        .order(ByteOrder.nativeOrder())
                        .putInt(mark)
                        .array());
        return switch (netlink.request("route get", RTM_GETROUTE, RTM_NEWROUTE, request.flip())) {
            case NetlinkSocket.Answer.Refused(int errno) -> new Route.None(Errno.text(errno));
            case NetlinkSocket.Answer.Message(ByteBuffer body) -> route(body);
        };
    }

    private static Route route(ByteBuffer body) {
        if (body.limit() < RTMSG_BYTES) {
            return new Route.None(Errno.text(Errno.EBADMSG));
        }
        boolean local = body.get(TYPE_AT) == RTN_LOCAL;
        int brief = Byte.toUnsignedInt(body.get(TABLE_AT));
        ByteBuffer attributes = body.position(RTMSG_BYTES);
        return new Route.Found(number(attributes, RTA_TABLE, brief), local, number(attributes, RTA_OIF, 0));
    }

    private static int number(ByteBuffer attributes, int type, int otherwise) {
        return Attributes.find(attributes, type)
                .filter(value -> value.limit() == 4)
                .map(value -> value.getInt(0))
                .orElse(otherwise);
    }

    @Override
    public void close() {
        netlink.close();
    }
}
