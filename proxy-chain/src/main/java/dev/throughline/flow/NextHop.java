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

    /**
     * A hop at known addresses. Each flow uses one at random.
     *
     * @param audience the id of this name, which takes a digest
     */
    record At(String name, ImmutableList<InetSocketAddress> addresses, HeaderProfile profile, Optional<HopId> audience)
            implements NextHop {
        /** Creates a hop. */
        public At(String name, ImmutableList<InetSocketAddress> addresses, HeaderProfile profile) {
            this(name, addresses, profile, Optional.of(HopId.of(name)));
        }

        /** Creates a hop at one address. */
        public At(String name, InetSocketAddress address, HeaderProfile profile) {
            this(name, ImmutableList.of(address), profile);
        }

        @Override
        public InetSocketAddress address(InetSocketAddress destination) {
            return addresses.get(ThreadLocalRandom.current().nextInt(addresses.size()));
        }
    }

    /**
     * A hop on this host that intercepts connections to the destination.
     *
     * @param audience the id of this name, which takes a digest
     */
    record ByInterception(String name, HeaderProfile profile, Optional<HopId> audience) implements NextHop {
        /** Creates a hop. */
        public ByInterception(String name, HeaderProfile profile) {
            this(name, profile, Optional.of(HopId.of(name)));
        }

        @Override
        public InetSocketAddress address(InetSocketAddress destination) {
            return destination;
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
