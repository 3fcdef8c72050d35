package dev.throughline.os;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The addresses that the kernel delivers to this host, asked of its routing table (rtnetlink(7), RTM_GETROUTE) in the
 * network namespace of the thread that opened it. It is asked each time, in a few microseconds and without the kernel's
 * configuration lock: a remembered list of interface addresses is wrong after every change and knows neither 127.0.0.0/8
 * nor local routes. Thread-safe; needs no capability.
 */
public final class LocalAddresses implements AutoCloseable {
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_GETROUTE = 26;
    private static final int RTA_DST = 1;
    private static final int RTN_LOCAL = 2;
    private static final int TYPE_AT = 7;
    private static final int RTMSG_BYTES = 12;

    private final NetlinkSocket netlink;

    private LocalAddresses(NetlinkSocket netlink) {
        this.netlink = netlink;
    }

    public static LocalAddresses open() throws OsException {
        return new LocalAddresses(NetlinkSocket.open(NetlinkSocket.ROUTE));
    }

    /**
     * Whether a packet to {@code address} would be delivered here.
     *
     * @throws OsException if the kernel can't be asked
     */
    public synchronized boolean contains(InetAddress address) throws OsException {
        byte[] bytes = address.getAddress();
        ByteBuffer request = ByteBuffer.allocate(RTMSG_BYTES + 20).order(ByteOrder.nativeOrder());
        request.put((byte) (bytes.length == 16 ? 10 : 2)).put((byte) (8 * bytes.length));
        request.position(RTMSG_BYTES);
        Attributes.put(request, RTA_DST, bytes);
        return switch (netlink.ask("route get", RTM_GETROUTE, RTM_NEWROUTE, request.flip())) {
            case NetlinkSocket.Answer.Message(ByteBuffer body) ->
                body.limit() >= RTMSG_BYTES && body.get(TYPE_AT) == RTN_LOCAL;
            // No route to it, whatever the reason: then it isn't here.
            case NetlinkSocket.Answer.Refused refused -> false;
        };
    }

    @Override
    public synchronized void close() {
        netlink.close();
    }
}
