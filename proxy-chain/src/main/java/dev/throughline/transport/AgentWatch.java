package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Whether the agent is there: one connection that watches it, and another one, after a while, when that is lost. */
final class AgentWatch {
    private final EventLoop loop;
    private final AgentSocket socket;
    private final AgentClient.Rule rule;
    private final AgentClient.Timings timings;
    private final AgentClient.Listener listener;
    private volatile Presence presence =
            new Presence.Gone(ConnectFailedException.of(ConnectFailure.AGENT_GONE, "it hasn't been asked yet"));
    private Duration pause;
    private Optional<String> told = Optional.empty();
    private @Nullable WatchConnection current;
    private boolean closed;

    /** What flows find. */
    sealed interface Presence {
        record Here(AgentSession session) implements Presence {}

        record Gone(ConnectFailedException why) implements Presence {}
    }

    AgentWatch(
            EventLoop loop,
            AgentSocket socket,
            AgentClient.Rule rule,
            AgentClient.Timings timings,
            AgentClient.Listener listener) {
        this.loop = loop;
        this.socket = socket;
        this.rule = rule;
        this.timings = timings;
        this.listener = listener;
        this.pause = timings.reconnect();
    }

    /** Any thread may ask. */
    Presence presence() {
        return presence;
    }

    void start() {
        loop.execute(this::connect);
    }

    void close() {
        loop.execute(() -> {
            closed = true;
            if (current != null) {
                current.lose(ConnectFailedException.of(ConnectFailure.AGENT_GONE, "this hop watches it no more"));
            }
        });
    }

    private void connect() {
        if (!closed) {
            current = new WatchConnection(loop, socket, rule, timings, this);
            current.begin();
        }
    }

    /** The first limits have come. */
    void found(AgentSession session) {
        presence = new Presence.Here(session);
        pause = timings.reconnect();
        told = Optional.empty();
        listener.back();
    }

    void limits(Limits limits) {
        listener.limits(limits);
    }

    /** Told once for each reason, however often it is tried in between. */
    void lost(ConnectFailedException why) {
        presence = new Presence.Gone(why);
        if (!closed) {
            loop.schedule(this::connect, pause.toNanos(), TimeUnit.NANOSECONDS);
            Duration doubled = pause.multipliedBy(2);
            pause = doubled.compareTo(timings.reconnectMost()) < 0 ? doubled : timings.reconnectMost();
        }
        String text = why.text();
        if (!told.equals(Optional.of(text))) {
            told = Optional.of(text);
            listener.gone(text);
        }
    }
}
