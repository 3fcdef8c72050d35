package dev.throughline.flow;

import dev.throughline.chain.ChainRead;
import dev.throughline.chain.ChainTlv;
import dev.throughline.header.Header;
import dev.throughline.header.Tuple;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.stream.IntStream;

/**
 * What the PROXY header of a believed proxy may say (SPEC.md, "Unsigned headers"). Nobody has signed it, so the flow's
 * tuple is what the proxy says, and of the process nothing is known.
 */
final class UnsignedHeader {
    private static final int FIRST_CUSTOM_TYPE = 0xE0;
    private static final int LAST_CUSTOM_TYPE = 0xEF;

    private UnsignedHeader() {}

    /**
     * The flow that {@code header} names.
     *
     * @param socket the connection by which it came
     * @param ours how chains lie in headers
     */
    static Tuple flow(Header header, Tuple socket, ChainTlv ours) {
        if (hasChain(header, ours)) {
            throw new FlowRejectedException(
                    CloseReason.HEADER_SIGNED,
                    "it carries a chain, which this listener doesn't verify: use mode chain");
        }
        Tuple flow = header.tuple()
                .orElseThrow(() -> new FlowRejectedException(
                        CloseReason.HEADER_WITHOUT_FLOW,
                        header.command() == Header.Command.LOCAL
                                ? "command LOCAL, which is for health checkers"
                                : "one end is an IPv4 address, mapped to IPv6, and the other an IPv6 address"));
        if (!flow.equals(tcp(flow))) {
            throw new FlowRejectedException(
                    CloseReason.HEADER_WITHOUT_FLOW, flow.transport() + ", only TCP is passed on");
        }
        InetSocketAddress destination = flow.destination();
        if (destination.equals(socket.destination())) {
            throw new FlowRejectedException(
                    CloseReason.LOOP, "its destination is this listener, " + Tuple.text(destination));
        }
        if (meansItsHost(destination.getAddress())
                && !socket.source().getAddress().isLoopbackAddress()) {
            throw new FlowRejectedException(
                    CloseReason.DESTINATION_NOT_HERE,
                    Tuple.text(destination) + " of the proxy at " + Tuple.text(socket.source())
                            + " isn't that of this host");
        }
        return flow;
    }

    /** In TLVs of another type too, if one is there as a whole: a signed identity must not get lost by a wrong number. */
    private static boolean hasChain(Header header, ChainTlv ours) {
        return !(ours.read(header) instanceof ChainRead.None)
                || IntStream.rangeClosed(FIRST_CUSTOM_TYPE, LAST_CUSTOM_TYPE)
                        .anyMatch(type -> new ChainTlv(type).read(header) instanceof ChainRead.Found);
    }

    private static Tuple tcp(Tuple flow) {
        return Tuple.tcp(flow.source(), flow.destination());
    }

    /** Whether an address means the host or the network of whoever uses it, and at another host somebody else. */
    static boolean meansItsHost(InetAddress address) {
        return address.isLoopbackAddress() || address.isAnyLocalAddress() || address.isLinkLocalAddress();
    }
}
