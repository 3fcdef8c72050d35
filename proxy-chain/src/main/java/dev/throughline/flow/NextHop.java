package dev.throughline.flow;

import dev.throughline.chain.HeaderProfile;
import dev.throughline.originator.HopId;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Where flows go on to. */
public sealed interface NextHop {
    /** The connection to open for a flow that wants to go to {@code destination}. */
    InetSocketAddress address(InetSocketAddress destination);

    /** For whom a link is signed; empty where the chain ends. */
    Optional<HopId> audience();

    /** Its name, or {@code destination}. */
    String name();

    /** What header it takes, and what it may know. */
    HeaderProfile profile();

    /** A hop at a known address. */
    record At(String name, InetSocketAddress hopAddress, HeaderProfile profile) implements NextHop {
        @Override
        public InetSocketAddress address(InetSocketAddress destination) {
            return hopAddress;
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
