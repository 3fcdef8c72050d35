package dev.throughline.config;

import com.google.common.collect.ImmutableMap;

/** The engine that a hop's flows use: the code that opens, reads and writes sockets. */
public enum EngineChoice {
    /** That of Linux. */
    EPOLL,
    /** Java's own channels. It can't mark connections, intercept them, or identify the process at the other end of a Unix socket. */
    NIO;

    /** The values of the key {@code engine}. */
    static final ImmutableMap<String, EngineChoice> WORDS = ImmutableMap.of("epoll", EPOLL, "nio", NIO);

    /** Returns the start of a message about something that engine {@code nio} lacks. */
    static String nioHasNo(String what) {
        return "\"engine: nio\" has no " + what;
    }
}
