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

/** One way into a hop. Whether a header is expected is said here, by the operator; it is never guessed from the bytes. */
public sealed interface ListenerConfig {
    String name();

    /** Whether every connection must begin with a signed header, so that keys to believe are needed. */
    boolean requiresHeader();

    /** How the kernel brings connections here. */
    enum Interception {
        TPROXY,
        REDIRECT
    }

    /**
     * Intercepts what applications of this host open.
     *
     * @param port on the loopback addresses
     */
    record Apps(String name, Interception by, int port, Capture capture) implements Intercepting {
        @Override
        public boolean requiresHeader() {
            return false;
        }
    }

    /** Intercepts what the previous hop on this host opens. */
    record PreviousHop(String name, Interception by, int port, Previous previous) implements Intercepting {
        @Override
        public boolean requiresHeader() {
            return true;
        }
    }

    /** A listener to which the kernel brings connections that were meant for somebody else. */
    sealed interface Intercepting extends ListenerConfig {
        Interception by();

        int port();
    }

    /**
     * Takes connections of applications that were configured to come here, for one fixed destination.
     *
     * @param address where it listens
     * @param destination where all its flows go
     */
    record Forward(String name, InetSocketAddress address, InetSocketAddress destination) implements ListenerConfig {
        @Override
        public boolean requiresHeader() {
            return false;
        }
    }

    /** Takes connections of previous hops that know this hop's address. */
    record Chain(String name, InetSocketAddress address) implements ListenerConfig {
        @Override
        public boolean requiresHeader() {
            return true;
        }
    }

    /**
     * Takes connections of proxies that send unsigned PROXY v2 headers, and believes them.
     *
     * @param peers where these proxies are; nobody else is heard
     */
    record Legacy(String name, InetSocketAddress address, ImmutableList<Cidr> peers) implements ListenerConfig {
        @Override
        public boolean requiresHeader() {
            return false;
        }
    }

    /**
     * Takes flows that agents of this host have intercepted elsewhere and hand over, each with a header that says who opened
     * it (BRIDGE.md).
     *
     * @param socket path of the Unix socket that they connect to
     * @param agents who is believed; nobody else is heard
     */
    record Bridge(String name, Path socket, ImmutableList<Agent> agents) implements ListenerConfig {
        @Override
        public boolean requiresHeader() {
            return false;
        }

        /** The users of all agents. */
        public ImmutableSet<Integer> uids() {
            return agents.stream().map(Agent::uid).collect(ImmutableSet.toImmutableSet());
        }
    }

    /**
     * An agent; all that is given must hold. The user always is: any user can start any program, with code of his own in it
     * (LD_PRELOAD, ptrace), so that an executable alone would name nobody.
     *
     * @param uid its effective user
     * @param executable path of what it runs, as its own mount namespace names it
     * @param sha256 of what it runs (32 bytes)
     */
    record Agent(int uid, Optional<String> executable, Optional<Bytes> sha256) {}

    /**
     * Which of the applications' connections are captured; an empty list doesn't restrict.
     *
     * @param udp what becomes of UDP to the same ports and destinations
     */
    record Capture(
            ImmutableList<Range<Integer>> ports,
            ImmutableList<Cidr> destinations,
            ImmutableList<Integer> uids,
            Exceptions except,
            Udp udp) {}

    /**
     * What a capture leaves alone; one match is enough.
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
        /** UDP is rejected, so that QUIC turns to TCP. */
        REFUSE
    }

    /**
     * How connections of the previous hop are told from all others.
     *
     * @param hop its name
     * @param mark its SO_MARK, which only a process with CAP_NET_ADMIN can set
     * @param uid its user
     * @param pidFile its pid file; if given, the owner must be that very process
     */
    record Previous(String hop, OptionalInt mark, OptionalInt uid, Optional<Path> pidFile) {}
}
