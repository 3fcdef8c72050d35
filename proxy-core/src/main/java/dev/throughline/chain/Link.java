package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import dev.throughline.key.KeyId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.InterceptionMethod;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The statement of one hop about a forwarded flow: the next hop, the time, the outgoing connection, and the incoming one.
 *
 * @param index position in the chain, from 0
 * @param hop the hop that makes the statement
 * @param key the key that signs it
 * @param audience the next hop, the only valid receiver
 * @param issuedAt time of issue, in whole milliseconds
 * @param ttl lifetime of the link, in steps of 100 ms
 * @param ingress how the flow came in
 * @param egress how it left
 * @param observedPeer the peer of the incoming connection; empty for a Unix socket
 * @param outgoing the outgoing connection
 * @param exporter the TLS exporter of the outgoing connection (32 bytes) when it is inside TLS
 * @param previousVerified whether the hop had verified all links before its own
 */
public record Link(
        int index,
        HopId hop,
        KeyId key,
        HopId audience,
        Instant issuedAt,
        Duration ttl,
        InterceptionMethod ingress,
        InterceptionMethod egress,
        Optional<InetSocketAddress> observedPeer,
        Tuple outgoing,
        Optional<Bytes> exporter,
        boolean previousVerified) {

    static final long TTL_STEP_MILLIS = 100;
    private static final int PEER_IPV4 = 0x01;
    private static final int PEER_IPV6 = 0x02;
    private static final int OUTGOING_IPV6 = 0x04;
    private static final int EXPORTER = 0x08;
    private static final int PREVIOUS_VERIFIED = 0x10;
    private static final int FIXED_BYTES = 36;

    static Link read(ByteReader in) throws WireException {
        int index = in.u8("the index of a link");
        int flagsAt = in.offset();
        int flags = in.u8("the flags of a link");
        if ((flags & ~0x1F) != 0 || (flags & (PEER_IPV4 | PEER_IPV6)) == (PEER_IPV4 | PEER_IPV6)) {
            throw new WireException(flagsAt, "flags " + flags + ": reserved bits are zero and a peer has one family");
        }
        HopId hop = new HopId(in.i64("the hop id"));
        KeyId key = new KeyId(in.i64("the key id"));
        HopId audience = new HopId(in.i64("the audience"));
        Instant issuedAt = Instant.ofEpochMilli(in.u48("the time of issue"));
        Duration ttl = Duration.ofMillis(in.u16("the ttl") * TTL_STEP_MILLIS);
        InterceptionMethod ingress = method(in, "the way in", "way in ");
        InterceptionMethod egress = method(in, "the way out", "way out ");
        Optional<InetSocketAddress> peer = Optional.empty();
        if ((flags & (PEER_IPV4 | PEER_IPV6)) != 0) {
            peer = Optional.of(endpoint(in, (flags & PEER_IPV6) != 0 ? 16 : 4));
        }
        Tuple outgoing = tuple(in, (flags & OUTGOING_IPV6) != 0 ? TransportProtocol.TCP6 : TransportProtocol.TCP4);
        Optional<Bytes> exporter =
                (flags & EXPORTER) != 0 ? Optional.of(in.take(32, "the TLS exporter")) : Optional.empty();
        in.expectEnd("the body of a link");
        return new Link(
                index,
                hop,
                key,
                audience,
                issuedAt,
                ttl,
                ingress,
                egress,
                peer,
                outgoing,
                exporter,
                (flags & PREVIOUS_VERIFIED) != 0);
    }

    Bytes encode() {
        boolean peerIsIpv6 = observedPeer.isPresent() && observedPeer.get().getAddress() instanceof Inet6Address;
        int flags = (observedPeer.isEmpty() ? 0 : peerIsIpv6 ? PEER_IPV6 : PEER_IPV4)
                | (outgoing.transport().isIpv6() ? OUTGOING_IPV6 : 0)
                | (exporter.isPresent() ? EXPORTER : 0)
                | (previousVerified ? PREVIOUS_VERIFIED : 0);
        int size = FIXED_BYTES
                + (observedPeer.isEmpty() ? 0 : peerIsIpv6 ? 18 : 6)
                + outgoing.transport().addressBytes()
                + (exporter.isPresent() ? exporter.get().length() : 0);
        ByteWriter out = new ByteWriter(size)
                .u8(index)
                .u8(flags)
                .i64(hop.value())
                .i64(key.value())
                .i64(audience.value())
                .u48(issuedAt.toEpochMilli())
                .u16((int) (ttl.toMillis() / TTL_STEP_MILLIS))
                .u8(ingress.code())
                .u8(egress.code());
        if (observedPeer.isPresent()) {
            out.endpoint(observedPeer.get());
        }
        out.tuple(outgoing);
        if (exporter.isPresent()) {
            out.bytes(exporter.get());
        }
        return out.toBytes();
    }

    private static InterceptionMethod method(ByteReader in, String what, String unknown) throws WireException {
        int at = in.offset();
        int code = in.u8(what);
        Optional<InterceptionMethod> method = InterceptionMethod.ofCode(code);
        if (method.isEmpty()) {
            throw new WireException(at, unknown + code + " isn't known to this version");
        }
        return method.get();
    }

    private static InetSocketAddress endpoint(ByteReader in, int size) throws WireException {
        int at = in.offset();
        byte[] address = in.take(size, "the observed peer").toByteArray();
        try {
            return new InetSocketAddress(Tuple.address(address), in.u16("the observed peer's port"));
        } catch (IllegalArgumentException e) {
            throw new WireException(at, String.valueOf(e.getMessage()));
        }
    }

    private static Tuple tuple(ByteReader in, TransportProtocol transport) throws WireException {
        int at = in.offset();
        Bytes bytes = in.take(transport.addressBytes(), "the outgoing tuple");
        try {
            return Tuple.decode(transport, bytes);
        } catch (IllegalArgumentException e) {
            throw new WireException(at, String.valueOf(e.getMessage()));
        }
    }
}
