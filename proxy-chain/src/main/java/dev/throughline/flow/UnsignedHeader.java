package dev.throughline.flow;

import dev.throughline.chain.ChainRead;
import dev.throughline.chain.ChainTlv;
import dev.throughline.header.Header;
import dev.throughline.header.Tuple;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Rules for the PROXY header of a trusted proxy (SPEC.md, "Unsigned headers"). It is not signed: the flow's addresses are those
 * that the proxy sends, and the process is unknown.
 */
final class UnsignedHeader {
    private static final int FIRST_CUSTOM_TYPE = 0xE0;
    private static final int LAST_CUSTOM_TYPE = 0xEF;

    private UnsignedHeader() {}

    /**
     * Returns the addresses of the flow.
     *
     * @param socket the connection that carried the header
     * @param ours the TLV that carries chains
     */
    static Tuple flow(Header header, Tuple socket, ChainTlv ours) {
        if (hasChain(header, ours)) {
            throw new FlowRejectedException(
                    CloseReason.HEADER_SIGNED,
                    "it carries a chain, which this listener does not verify (use mode: chain)");
        }
        Tuple flow = header.tuple()
                .orElseThrow(() -> new FlowRejectedException(
                        CloseReason.HEADER_WITHOUT_FLOW,
                        header.command() == Header.Command.LOCAL
                                ? "command LOCAL, which is for health checkers"
                                : "one end is an IPv4 address, mapped to IPv6, and the other an IPv6 address"));
        if (!flow.equals(tcp(flow))) {
            throw new FlowRejectedException(
                    CloseReason.HEADER_WITHOUT_FLOW, flow.transport() + ", only TCP is relayed");
        }
        InetSocketAddress destination = flow.destination();
        if (destination.equals(socket.destination())) {
            throw new FlowRejectedException(
                    CloseReason.LOOP, "its destination is this listener, " + Tuple.text(destination));
        }
        if (isHostLocal(destination.getAddress())
                && !socket.source().getAddress().isLoopbackAddress()) {
            throw new FlowRejectedException(
                    CloseReason.DESTINATION_NOT_HERE,
                    Tuple.text(destination) + " is an address of the proxy at " + Tuple.text(socket.source())
                            + ", not of this host");
        }
        return flow;
    }

    /**
     * Returns whether any TLV, of whatever type, is a complete chain: a signed identity must not get lost by a wrong TLV type.
     */
    private static boolean hasChain(Header header, ChainTlv ours) {
        if (!(ours.read(header) instanceof ChainRead.None)) {
            return true;
        }
        for (int type = FIRST_CUSTOM_TYPE; type <= LAST_CUSTOM_TYPE; type++) {
            if (new ChainTlv(type).read(header) instanceof ChainRead.Found) {
                return true;
            }
        }
        return false;
    }

    private static Tuple tcp(Tuple flow) {
        return Tuple.tcp(flow.source(), flow.destination());
    }

    /** Returns whether an address is local to its host or network: on another host it means another machine. */
    static boolean isHostLocal(InetAddress address) {
        return address.isLoopbackAddress() || address.isAnyLocalAddress() || address.isLinkLocalAddress();
    }
}
