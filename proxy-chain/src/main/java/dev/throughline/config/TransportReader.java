package dev.throughline.config;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.throughline.config.ListenerConfig.Agent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The reader of the {@code transports} besides plain sockets. */
final class TransportReader {
    private static final Map<String, Boolean> HEADER = Map.of("always", false, "unless-carried", true);

    private final Function<String, Path> path;
    private final EngineChoice engine;
    private ImmutableSet<String> names = ImmutableSet.of(TransportConfig.BSD_SOCKET);

    TransportReader(Function<String, Path> path, EngineChoice engine) {
        this.path = path;
        this.engine = engine;
    }

    ImmutableMap<String, TransportConfig> read(Section root) {
        ImmutableMap.Builder<String, TransportConfig> transports = ImmutableMap.builder();
        try (Section section = root.section("transports")) {
            ImmutableSet<String> given = section.names(TransportReader::name);
            names = ImmutableSet.<String>builder().addAll(names).addAll(given).build();
            given.forEach(name -> transport(section, name).ifPresent(read -> transports.put(name, read)));
        }
        return transports.buildOrThrow();
    }

    /** Returns the names of the transports for routes, including plain sockets. */
    ImmutableSet<String> names() {
        return names;
    }

    private static String name(String text) {
        if (text.equals(TransportConfig.BSD_SOCKET) || text.equals("hop")) {
            throw new IllegalArgumentException("\"" + text + "\" is the name of a built-in transport: rename it");
        }
        return ConfigReader.hopName(text);
    }

    private Optional<TransportConfig> transport(Section parent, String name) {
        try (Section section = parent.section(name)) {
            if (engine == EngineChoice.NIO) {
                section.problem(
                        EngineChoice.nioHasNo("transports over agents, because it can't identify the process of an"
                                + " agent: use \"engine: epoll\""));
            }
            Optional<Path> socket = section.required("socket", path);
            socket.flatMap(Values::socketPathProblem).ifPresent(problem -> section.problem("socket", problem));
            Optional<Agent> agent = ListenerReader.agent(section);
            Duration startTimeout = section.optional(
                    "start-timeout",
                    text -> Values.duration(text, Duration.ofMillis(100), Duration.ofMinutes(1)),
                    TransportConfig.DEFAULT_START_TIMEOUT);
            boolean withoutHeader = section.optional("header", text -> Values.word(text, HEADER), false);
            return socket.flatMap(at -> agent.map(who -> new TransportConfig(at, who, startTimeout, withoutHeader)));
        }
    }
}
