package dev.throughline.platform.linux;

import com.google.common.net.InetAddresses;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The addresses that the kernel delivers locally, from its routing table (rtnetlink(7), RTM_GETROUTE) in the network
 * namespace of the thread that opened it. A list of interface addresses would lack 127.0.0.0/8 and local routes.
 * Answers are cached until the kernel reports a change of addresses, routes or rules, for which each call of
 * {@link #contains} checks.
 * Thread-safe; needs no capability.
 */
public final class LocalAddresses implements AutoCloseable {
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_GETROUTE = 26;
    private static final int RTA_DST = 1;
    private static final int RTN_LOCAL = 2;
    private static final int TYPE_AT = 7;
    private static final int RTMSG_BYTES = 12;

    private static final int MAX_REMEMBERED = 1024;
    private static final InetAddress LOOPBACK = InetAddresses.forString("127.0.0.1");
    /** The maximum age of an answer of {@link #containedLately}. */
    private static final long LATELY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final NetlinkSocket netlink;
    private final RouteChanges changes;
    private final Map<InetAddress, Boolean> known = new ConcurrentHashMap<>();
    /** When {@code known} was last compared with the kernel, by {@link System#nanoTime}; outdated entries were removed before. */
    private volatile long checkedAt = System.nanoTime() - LATELY_NANOS;

    private LocalAddresses(NetlinkSocket netlink, RouteChanges changes) {
        this.netlink = netlink;
        this.changes = changes;
    }

    public static LocalAddresses open() throws OsException {
        // Subscribes before the first lookup, so that no later change is missed.
        RouteChanges changes = RouteChanges.open();
        try {
            return new LocalAddresses(NetlinkSocket.open(NetlinkSocket.ROUTE), changes);
        } catch (OsException e) {
            changes.close();
            throw e;
        }
    }

    /**
     * Returns whether a packet to {@code address} would be delivered to this host.
     *
     * @throws OsException if the kernel can't be queried
     */
    public synchronized boolean contains(InetAddress address) throws OsException {
        InetAddress key = isOfLoopbackNetwork(address) ? LOOPBACK : address;
        long now = System.nanoTime();
        if (changes.any() || known.size() >= MAX_REMEMBERED) {
            known.clear();
        }
        checkedAt = now;
        Boolean before = known.get(key);
        if (before != null) {
            return before;
        }
        boolean answer = query(key);
        known.put(key, answer);
        return answer;
    }

    /**
     * Returns what {@link #contains} returned within the last 50 ms, usually without a system call or a lock.
     *
     * @throws OsException if the kernel can't be queried
     */
    public boolean containedLately(InetAddress address) throws OsException {
        if (System.nanoTime() - checkedAt < LATELY_NANOS) {
            Boolean before = known.get(isOfLoopbackNetwork(address) ? LOOPBACK : address);
            if (before != null) {
                return before;
            }
        }
        return contains(address);
    }

    /**
     * Returns whether an address is in 127.0.0.0/8, which has one cache entry, so connections from many of its addresses don't
     * evict other entries.
     */
    private static boolean isOfLoopbackNetwork(InetAddress address) {
        return address instanceof Inet4Address && address.isLoopbackAddress();
    }

    private boolean query(InetAddress address) throws OsException {
        byte[] bytes = address.getAddress();
        ByteBuffer request = ByteBuffer.allocate(RTMSG_BYTES + 20).order(ByteOrder.nativeOrder());
        request.put((byte) (bytes.length == 16 ? 10 : 2)).put((byte) (8 * bytes.length));
        request.position(RTMSG_BYTES);
        Attributes.put(request, RTA_DST, bytes);
        return switch (netlink.request("route get", RTM_GETROUTE, RTM_NEWROUTE, request.flip())) {
            case NetlinkSocket.Answer.Message(ByteBuffer body) ->
                body.limit() >= RTMSG_BYTES && body.get(TYPE_AT) == RTN_LOCAL;
            // There is no route, so the address isn't local.
            case NetlinkSocket.Answer.Refused refused -> false;
        };
    }

    @Override
    public synchronized void close() {
        netlink.close();
        changes.close();
    }
}
