package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.originator.HopId;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** The peer of an upstream connection. */
public sealed interface NextHop {
    /** Returns the address to connect to for a flow to {@code destination}. */
    InetSocketAddress address(InetSocketAddress destination);

    /** Returns the hop for which a link is signed; empty if the peer gets no header. */
    Optional<HopId> audience();

    /** Returns the name of the hop, or {@code destination}. */
    String name();

    /** Returns the kind of header that it accepts, with the details that it may see. */
    HeaderProfile profile();

    /** A hop at known addresses. Each flow uses one at random. */
    record At(String name, ImmutableList<InetSocketAddress> addresses, HeaderProfile profile) implements NextHop {
        /** Creates a hop at one address. */
        public At(String name, InetSocketAddress address, HeaderProfile profile) {
            this(name, ImmutableList.of(address), profile);
        }

        @Override
        public InetSocketAddress address(InetSocketAddress destination) {
            return addresses.get(ThreadLocalRandom.current().nextInt(addresses.size()));
        }

        @Override
        public Optional<HopId> audience() {
            return Optional.of(HopId.of(name));
        }
    }

    /** A hop on this host that intercepts connections to the destination. */
    record ByInterception(String name, HeaderProfile profile) implements NextHop {
        @Override
        public InetSocketAddress address(InetSocketAddress destination) {
            return destination;
        }

        @Override
        public Optional<HopId> audience() {
            return Optional.of(HopId.of(name));
        }
    }

    /** The destination itself. */
    record Destination() implements NextHop {
        @Override
        public InetSocketAddress address(InetSocketAddress destination) {
            return destination;
        }

        @Override
        public Optional<HopId> audience() {
            return Optional.empty();
        }

        @Override
        public String name() {
            return "destination";
        }

        @Override
        public HeaderProfile profile() {
            return HeaderProfile.NORMAL;
        }
    }
}
