package dev.throughline.hop;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.throughline.engine.Engine;
import dev.throughline.engine.epoll.EpollEngine;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** The event loops of a hop, with their threads. */
final class EventLoops {
    private final Engine engine;
    private final Resources resources;
    private final Map<String, Executor> threads = new LinkedHashMap<>();

    /** Creates an empty set of loops for {@code engine}. Each group is closed with {@code resources}. */
    EventLoops(Engine engine, Resources resources) {
        this.engine = engine;
        this.resources = resources;
    }

    /** Starts a group of {@code count} threads for the engine's sockets. */
    EventLoopGroup start(String name, int count) throws IOException {
        return start(name, count, engine);
    }

    /** Starts a thread for the admin interface, whose sockets are Netty's for epoll. */
    EventLoopGroup startForAdmin(String name) throws IOException {
        return start(name, 1, new EpollEngine());
    }

    private EventLoopGroup start(String name, int count, Engine sockets) throws IOException {
        // First, because the engine loads Netty's library.
        NativeLibrary.prepare();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(count, sockets.newHandlerFactory());
        int number = 1;
        for (EventExecutor loop : group) {
            threads.put(name + " " + number++, loop);
        }
        resources.add(() -> group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly());
        return group;
    }

    /** Returns the loops of a group. */
    static ImmutableList<EventLoop> of(EventLoopGroup group) {
        ImmutableList.Builder<EventLoop> loops = ImmutableList.builder();
        for (EventExecutor loop : group) {
            loops.add((EventLoop) loop);
        }
        return loops.build();
    }

    /** Returns the loops that were started, by name. */
    ImmutableMap<String, Executor> threads() {
        return ImmutableMap.copyOf(threads);
    }
}
