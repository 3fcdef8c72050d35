package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Range;
import dev.throughline.header.Bytes;
import dev.throughline.header.Cidr;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The configuration of a listener. The operator configures whether a header is expected; it is never guessed from the
 * bytes.
 */
public sealed interface ListenerConfig {
    String name();

    /** Returns whether every connection must start with a signed header, so that trusted keys are needed. */
    boolean requiresHeader();

    /** The method by which the kernel delivers connections to the listener. */
    enum Interception {
        TPROXY,
        REDIRECT
    }

    /**
     * A listener that intercepts connections of applications on this host.
     *
     * @param port on the loopback addresses
     */
    record Apps(String name, Interception by, int port, Capture capture) implements Intercepting {
        @Override
        public boolean requiresHeader() {
            return false;
        }
    }

    /** A listener that intercepts connections of the previous hop on this host. */
    record PreviousHop(String name, Interception by, int port, Previous previous) implements Intercepting {
        @Override
        public boolean requiresHeader() {
            return true;
        }
    }

    /** A listener that gets intercepted connections, whose original destination is another address. */
    sealed interface Intercepting extends ListenerConfig {
        Interception by();

        int port();
    }

    /**
     * A listener for applications that are configured to use the hop, for one fixed destination.
     *
     * @param address where it listens
     * @param destination the destination of all its flows
     */
    record Forward(String name, InetSocketAddress address, InetSocketAddress destination) implements ListenerConfig {
        @Override
        public boolean requiresHeader() {
            return false;
        }
    }

    /** A listener for previous hops that are configured with this hop's address. */
    record Chain(String name, InetSocketAddress address) implements ListenerConfig {
        @Override
        public boolean requiresHeader() {
            return true;
        }
    }

    /**
     * A listener for trusted proxies that send unsigned PROXY v2 headers.
     *
     * @param peers the networks of these proxies; other connections are refused
     */
    record Legacy(String name, InetSocketAddress address, ImmutableList<Cidr> peers) implements ListenerConfig {
        @Override
        public boolean requiresHeader() {
            return false;
        }
    }

    /**
     * A listener for flows from agents of this host, each with a header that names its originator (BRIDGE.md).
     *
     * @param socket path of the Unix socket for the agents
     * @param agents the accepted agents; other connections are refused
     */
    record Bridge(String name, Path socket, ImmutableList<Agent> agents) implements ListenerConfig {
        @Override
        public boolean requiresHeader() {
            return false;
        }

        /** Returns the users of all agents. */
        public ImmutableSet<Integer> uids() {
            return agents.stream().map(Agent::uid).collect(ImmutableSet.toImmutableSet());
        }
    }

    /**
     * The identity of an agent; all given properties must match. The user is mandatory: any user can run any program
     * with injected code (LD_PRELOAD, ptrace), so an executable alone proves nothing.
     *
     * @param uid its effective user
     * @param executable path of its executable in its own mount namespace
     * @param sha256 of its executable (32 bytes)
     */
    record Agent(int uid, Optional<String> executable, Optional<Bytes> sha256) {}

    /**
     * The connections of applications that a listener captures; an empty list doesn't restrict.
     *
     * @param udp the treatment of UDP to the same ports and destinations
     */
    record Capture(
            ImmutableList<Range<Integer>> ports,
            ImmutableList<Cidr> destinations,
            ImmutableList<Integer> uids,
            Exceptions except,
            Udp udp) {}

    /**
     * The exceptions of a capture; one match is enough.
     *
     * @param cgroups paths below the root of the cgroup2 hierarchy, without a slash at either end
     * @param devices network devices by which a connection would leave
     * @param marks SO_MARK of the application's socket
     */
    record Exceptions(
            ImmutableList<Cidr> destinations,
            ImmutableList<Integer> uids,
            ImmutableList<String> cgroups,
            ImmutableList<String> devices,
            ImmutableList<Mark> marks) {}

    /** A mark that has {@code value} in the bits of {@code mask}. */
    record Mark(int value, int mask) {}

    /** Throughline carries TCP only. */
    enum Udp {
        /** UDP isn't captured. */
        PASS,
        /** UDP is rejected, so that QUIC falls back to TCP. */
        REFUSE
    }

    /**
     * The criteria that identify connections of the previous hop.
     *
     * @param hop its name
     * @param mark its SO_MARK, which needs CAP_NET_ADMIN or CAP_NET_RAW
     * @param uid its user
     * @param pidFile its pid file; if given, the owner must be the process in it
     */
    record Previous(String hop, OptionalInt mark, OptionalInt uid, Optional<Path> pidFile) {}
}
