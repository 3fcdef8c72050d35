package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Maps;
import dev.throughline.config.ListenerConfig.Agent;
import dev.throughline.config.ListenerConfig.Capture;
import dev.throughline.config.ListenerConfig.Exceptions;
import dev.throughline.config.ListenerConfig.Interception;
import dev.throughline.config.ListenerConfig.Previous;
import dev.throughline.config.ListenerConfig.Udp;
import dev.throughline.header.Bytes;
import dev.throughline.header.Cidr;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * The reader of the {@code listeners} of a configuration: {@code mode} is the protocol, {@code by} the method of
 * interception.
 */
final class ListenerReader {
    private enum Mode {
        TRANSPARENT,
        CHAIN,
        LEGACY,
        BRIDGE
    }

    private enum By {
        TPROXY,
        REDIRECT,
        PLAIN
    }

    private final Function<String, Path> path;
    private final AddressConflicts own;
    private final EngineChoice engine;

    /** Creates a reader that registers the listeners' addresses and sockets in {@code own}. */
    ListenerReader(Function<String, Path> path, AddressConflicts own, EngineChoice engine) {
        this.path = path;
        this.own = own;
        this.engine = engine;
    }

    ImmutableList<ListenerConfig> read(Section root) {
        ImmutableList.Builder<ListenerConfig> listeners = ImmutableList.builder();
        for (Section section : root.sections("listeners", "a listener")) {
            try (section) {
                listener(section).ifPresent(listener -> {
                    listeners.add(listener);
                    registerUses(section, listener);
                    if (engine == EngineChoice.NIO) {
                        refuseWithNio(section, listener);
                    }
                });
            }
        }
        return listeners.build();
    }

    private void registerUses(Section section, ListenerConfig listener) {
        String use = "listener \"" + listener.name() + "\"";
        Optional<String> problem = switch (listener) {
            case ListenerConfig.Intercepting by -> own.intercept(by.port(), use);
            case ListenerConfig.Forward forward -> own.listen(forward.address(), use);
            case ListenerConfig.Chain chain -> own.listen(chain.address(), use);
            case ListenerConfig.Legacy legacy -> own.listen(legacy.address(), use);
            case ListenerConfig.Bridge bridge -> own.take(bridge.socket(), "the socket of " + use);
        };
        String key = switch (listener) {
            case ListenerConfig.Intercepting by -> "port";
            case ListenerConfig.Bridge bridge -> "socket";
            default -> "address";
        };
        problem.ifPresent(taken -> section.startProblem(key, taken));
    }

    /** Reports a listener that needs more than the engine {@code nio} has. */
    private static void refuseWithNio(Section section, ListenerConfig listener) {
        switch (listener) {
            case ListenerConfig.Intercepting by ->
                section.problem(
                        section.has("by") ? "by" : "mode",
                        EngineChoice.nioHasNo("interception: use \"by: plain\", or \"engine: epoll\""));
            case ListenerConfig.Bridge bridge ->
                section.problem(
                        "mode",
                        EngineChoice.nioHasNo("bridge listeners, because it can't identify the process of an agent:"
                                + " use \"engine: epoll\""));
            case ListenerConfig.Forward forward -> {}
            case ListenerConfig.Chain chain -> {}
            case ListenerConfig.Legacy legacy -> {}
        }
    }

    private Optional<ListenerConfig> listener(Section section) {
        Optional<String> name = section.required("name", ConfigReader::hopName);
        Optional<Mode> mode = section.required("mode", text -> word(Mode.class, text));
        By by = section.optional("by", text -> word(By.class, text), By.TPROXY);
        if (name.isEmpty() || mode.isEmpty()) {
            section.knows("address", "destination", "port", "previous", "capture", "peers", "socket", "agents");
            return Optional.empty();
        }
        if (mode.get() == Mode.BRIDGE) {
            return bridge(section, name.get());
        }
        if (mode.get() == Mode.LEGACY && by != By.PLAIN) {
            section.knows("address", "peers", "port");
            section.problem(section.has("by") ? "by" : "mode", "a legacy listener must have \"by: plain\"");
            return Optional.empty();
        }
        if (by == By.PLAIN) {
            return switch (mode.get()) {
                case CHAIN ->
                    section.required("address", Values::listenAddress)
                            .map(a -> new ListenerConfig.Chain(name.get(), a));
                case LEGACY -> legacy(section, name.get());
                case TRANSPARENT -> forward(section, name.get());
                case BRIDGE -> throw new AssertionError("a bridge is read above");
            };
        }
        Interception interception = by == By.TPROXY ? Interception.TPROXY : Interception.REDIRECT;
        Optional<Integer> port = section.required("port", Values::port);
        if (mode.get() == Mode.CHAIN) {
            Optional<Previous> previous = previous(section);
            return port.flatMap(
                    p -> previous.map(hop -> new ListenerConfig.PreviousHop(name.get(), interception, p, hop)));
        }
        Capture capture = capture(section);
        return port.map(p -> new ListenerConfig.Apps(name.get(), interception, p, capture));
    }

    private static Optional<ListenerConfig> forward(Section section, String name) {
        var address = section.required("address", Values::listenAddress);
        var destination = section.required("destination", Values::address);
        return address.flatMap(a -> destination.map(d -> new ListenerConfig.Forward(name, a, d)));
    }

    private static Optional<ListenerConfig> legacy(Section section, String name) {
        var address = section.required("address", Values::listenAddress);
        List<Cidr> peers = section.list("peers", Cidr::parse);
        if (peers.isEmpty() && section.isEmpty("peers")) {
            section.problem(
                    "peers", "\"peers\" is missing: the proxies whose unsigned headers this legacy listener accepts");
        }
        return address.map(a -> new ListenerConfig.Legacy(name, a, ImmutableList.copyOf(peers)));
    }

    private Optional<ListenerConfig> bridge(Section section, String name) {
        if (section.has("by")) {
            section.problem("by", "a bridge has no \"by\": agents connect to its \"socket\"");
        }
        Optional<Path> socket = section.required("socket", path);
        socket.flatMap(Values::socketPathProblem).ifPresent(problem -> section.problem("socket", problem));
        socket.flatMap(Values::ownSocketProblem).ifPresent(problem -> section.startProblem("socket", problem));
        List<Agent> agents = new ArrayList<>();
        for (Section agent : section.sections("agents", "an agent")) {
            try (agent) {
                agent(agent).ifPresent(agents::add);
            }
        }
        if (section.isEmpty("agents")) {
            section.problem("agents", "\"agents\" is missing: the agents that this bridge accepts");
        }
        return socket.map(file -> new ListenerConfig.Bridge(name, file, ImmutableList.copyOf(agents)));
    }

    /** Reads the identity that an agent must have. */
    static Optional<Agent> agent(Section section) {
        Optional<Integer> uid = section.required("uid", Values::uid);
        Optional<String> executable = section.optional("executable", Values::absolutePath);
        Optional<Bytes> sha256 = section.optional("sha256", text -> Bytes.ofHex(Values.sha256(text)));
        return uid.map(user -> new Agent(user, executable, sha256));
    }

    private static Capture capture(Section section) {
        if (!section.has("capture")) {
            section.problem(
                    "capture", "\"capture\" is missing: the connections that this transparent listener intercepts");
        }
        try (Section capture = section.section("capture")) {
            return new Capture(
                    ImmutableList.copyOf(capture.list("ports", Values::ports)),
                    ImmutableList.copyOf(capture.list("destinations", Cidr::parse)),
                    ImmutableList.copyOf(capture.list("uids", Values::uid)),
                    new Exceptions(
                            ImmutableList.copyOf(capture.list("except-destinations", Cidr::parse)),
                            ImmutableList.copyOf(capture.list("except-uids", Values::uid)),
                            ImmutableList.copyOf(capture.list("except-cgroups", Values::cgroup)),
                            ImmutableList.copyOf(capture.list("except-devices", Values::device)),
                            ImmutableList.copyOf(capture.list("except-marks", Values::markMatch))),
                    capture.optional("udp", text -> word(Udp.class, text), Udp.PASS));
        }
    }

    private Optional<Previous> previous(Section section) {
        if (!section.has("previous")) {
            section.problem("previous", "\"previous\" is missing: the hop whose connections this listener intercepts");
            return Optional.empty();
        }
        try (Section previous = section.section("previous")) {
            Optional<String> hop = previous.required("hop", ConfigReader::hopName);
            OptionalInt mark = asInt(previous.optional("mark", Values::mark));
            OptionalInt uid = asInt(previous.optional("uid", Values::uid));
            Optional<Path> pidFile = previous.optional("pid-file", path);
            if (mark.isEmpty() && uid.isEmpty()) {
                previous.problem("hop", "\"mark\" or \"uid\" is missing: the previous hop is recognised by them");
            }
            return hop.map(name -> new Previous(name, mark, uid, pidFile));
        }
    }

    private static OptionalInt asInt(Optional<Integer> value) {
        return value.map(OptionalInt::of).orElseGet(OptionalInt::empty);
    }

    private static <E extends Enum<E>> E word(Class<E> type, String text) {
        return Values.word(
                text,
                Maps.uniqueIndex(EnumSet.allOf(type), value -> value.name().toLowerCase(Locale.ROOT)));
    }
}
