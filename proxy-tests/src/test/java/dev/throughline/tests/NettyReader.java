package dev.throughline.tests;

import com.google.common.collect.ImmutableList;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.Tlv;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxySSLTLV;
import io.netty.handler.codec.haproxy.HAProxyTLV;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** Netty's reader of PROXY v2, with its result in the project's types. */
final class NettyReader {
    private NettyReader() {}

    /**
     * The content of a header that both readers report.
     *
     * @param flow empty for what isn't TCP or UDP over IP
     */
    record Reading(Header.Command command, Optional<Ends> flow, List<Tlv> tlvs) {
        /** Returns the result of the project's reader, as far as Netty reports it. */
        static Reading of(Header header) {
            return new Reading(header.command(), header.tuple().map(Ends::of), asNettyTells(header));
        }

        /** Netty reports no TLVs of LOCAL, and ignores a last one that is empty. */
        private static List<Tlv> asNettyTells(Header header) {
            List<Tlv> tlvs = header.tlvs();
            if (header.command() == Header.Command.LOCAL) {
                return List.of();
            }
            boolean lastIsEmpty = !tlvs.isEmpty() && tlvs.getLast().value().length() == 0;
            return lastIsEmpty ? tlvs.subList(0, tlvs.size() - 1) : tlvs;
        }
    }

    /** A tuple without checks: Netty also reports IPv4-mapped addresses. */
    record Ends(TransportProtocol transport, InetSocketAddress source, InetSocketAddress destination) {
        static Ends of(Tuple tuple) {
            return new Ends(tuple.transport(), tuple.source(), tuple.destination());
        }
    }

    /** Returns empty if Netty rejects these bytes, or waits for more. */
    static Optional<Reading> read(byte[] bytes) {
        try {
            return readOrThrow(bytes);
        } catch (DecoderException e) {
            return Optional.empty();
        }
    }

    private static Optional<Reading> readOrThrow(byte[] bytes) {
        EmbeddedChannel channel = new EmbeddedChannel(new HAProxyMessageDecoder());
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(bytes));
            if (!(channel.readInbound() instanceof HAProxyMessage message)) {
                return Optional.empty();
            }
            Reading reading = reading(message);
            message.release();
            return Optional.of(reading);
        } finally {
            channel.finishAndReleaseAll();
        }
    }

    private static Reading reading(HAProxyMessage message) {
        Header.Command command =
                message.command() == HAProxyCommand.LOCAL ? Header.Command.LOCAL : Header.Command.PROXY;
        Optional<Ends> flow = TransportProtocol.ofCode(message.proxiedProtocol().byteValue())
                .map(transport -> new Ends(
                        transport,
                        endpoint(message.sourceAddress(), message.sourcePort()),
                        endpoint(message.destinationAddress(), message.destinationPort())));
        ImmutableList.Builder<Tlv> tlvs = ImmutableList.builder();
        for (Iterator<HAProxyTLV> all = message.tlvs().iterator(); all.hasNext(); ) {
            HAProxyTLV tlv = all.next();
            tlvs.add(new Tlv(tlv.typeByteValue() & 0xFF, Bytes.copyOf(ByteBufUtil.getBytes(tlv.content()))));
            if (tlv instanceof HAProxySSLTLV ssl) {
                // Those within it are listed a second time, after it.
                ssl.encapsulatedTLVs().forEach(inner -> all.next());
            }
        }
        return new Reading(command, flow, tlvs.build());
    }

    private static InetSocketAddress endpoint(String address, int port) {
        return new InetSocketAddress(InetAddresses.forString(address), port);
    }
}
