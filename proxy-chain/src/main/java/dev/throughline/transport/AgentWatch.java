package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeAnswer.AgentNotice;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.PeerClosedException;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A watch on the availability of an agent, by one connection that receives its limits. When that connection is lost, another is
 * made after a pause that doubles each time. Everything but {@link #presence} runs on the event loop.
 */
final class AgentWatch {
    private final EventLoop loop;
    private final AgentSocket socket;
    private final AgentClient.Rule rule;
    private final AgentClient.Timings timings;
    private final AgentClient.Listener listener;
    private volatile Presence presence =
            new Presence.Gone(ConnectFailedException.of(ConnectFailure.AGENT_GONE, "not contacted yet"));
    private Duration pause;
    private Optional<String> reported = Optional.empty();
    private @Nullable Attempt current;
    private boolean closed;

    /** The availability of the agent. */
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

    /** Returns the last known state, on any thread. */
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
                current.lose(ConnectFailedException.of(ConnectFailure.AGENT_GONE, "this hop no longer watches it"));
            }
        });
    }

    private void connect() {
        if (!closed) {
            current = new Attempt();
            current.start();
        }
    }

    private void found(AgentSession session) {
        presence = new Presence.Here(session);
        pause = timings.reconnect();
        reported = Optional.empty();
        listener.back();
    }

    /** Reports each reason once, however many attempts fail for it. */
    private void lost(ConnectFailedException why) {
        presence = new Presence.Gone(why);
        if (!closed) {
            loop.schedule(this::connect, pause.toNanos(), TimeUnit.NANOSECONDS);
            Duration doubled = pause.multipliedBy(2);
            pause = doubled.compareTo(timings.reconnectMost()) < 0 ? doubled : timings.reconnectMost();
        }
        String text = why.text();
        if (!reported.equals(Optional.of(text))) {
            reported = Optional.of(text);
            listener.gone(text);
        }
    }

    /**
     * One watch connection: connects, has the peer checked by the rule, requests limits and receives them until it is lost. The
     * timer for silence runs from the start, so it also bounds the check.
     */
    private final class Attempt implements ConnectionEvents {
        private final CompletableFuture<Connection> connecting = new CompletableFuture<>();
        private final AgentSocket.AnswerReader answers = new AgentSocket.AnswerReader();
        private @Nullable Connection connection;
        private @Nullable AgentSession session;
        private @Nullable Future<?> silenceTimer;
        private boolean requested;
        private boolean hasLimits;
        private boolean lost;

        void start() {
            restartSilenceTimer();
            connecting.whenComplete((connected, problem) -> {
                if (connected != null) {
                    connection = connected;
                    connected.events(this);
                    checkPeer(connected);
                } else if (problem instanceof ConnectFailedException why) {
                    lose(why);
                }
            });
            socket.connect(loop, connecting);
        }

        private void restartSilenceTimer() {
            if (silenceTimer != null) {
                silenceTimer.cancel(false);
            }
            silenceTimer = loop.schedule(
                    () -> lose(gone("no message for " + timings.silence().toMillis() + " ms")),
                    timings.silence().toNanos(),
                    TimeUnit.NANOSECONDS);
        }

        private void checkPeer(Connection connected) {
            AgentClient.Agent agent;
            try {
                agent = AgentClient.Agent.of(connected);
            } catch (IOException e) {
                lose(notAllowed("the kernel doesn't report which process listens: " + e.getMessage()));
                return;
            }
            rule.objection(agent)
                    .whenCompleteAsync(
                            (objection, problem) -> {
                                if (objection == null) {
                                    lose(notAllowed(agent + ", which can't be identified: " + problem));
                                } else if (objection.isPresent()) {
                                    lose(notAllowed(objection.get()));
                                } else {
                                    request(connected, agent);
                                }
                            },
                            loop);
        }

        /** Ignores a failed write: an agent that has already closed may have sent its reason before, which is read. */
        private void request(Connection connected, AgentClient.Agent agent) {
            if (!lost) {
                requested = true;
                session = new AgentSession(agent, loop, timings.settle());
                try {
                    connected.write(LoopBuffer.empty()
                            .put(new BridgeRequest.Watch().encode().toByteArray())
                            .flip());
                } catch (IOException e) {
                    // Reading finds the reason, or the close.
                }
                readable();
            }
        }

        @Override
        public void readable() {
            Connection watched = connection;
            try {
                while (!lost && watched != null) {
                    ByteBuffer data = LoopBuffer.empty();
                    int length = watched.read(data);
                    if (length < 0) {
                        lose(gone("it shut down the watch connection"));
                    }
                    if (length <= 0) {
                        return;
                    }
                    received(data.flip());
                }
            } catch (IOException e) {
                lost(e);
            }
        }

        private void received(ByteBuffer data) {
            Optional<BridgeAnswer.Read> next = answers.next(data);
            while (next.isPresent()) {
                received(next.get());
                next = lost ? Optional.empty() : answers.next(data);
            }
        }

        private void received(BridgeAnswer.Read read) {
            switch (read) {
                case BridgeAnswer.Read.Complete(BridgeAnswer answer, int length) -> received(answer);
                case BridgeAnswer.Read.Malformed(int offset, String problem) ->
                    lose(malformed("byte " + offset + ": " + problem));
                case BridgeAnswer.Read.NeedMore more ->
                    throw new IllegalStateException("the reader returned an incomplete answer");
            }
        }

        private void received(BridgeAnswer answer) {
            switch (answer) {
                case BridgeAnswer.Failed(String reason) -> lose(ConnectFailedException.reportedByAgent(reason));
                case BridgeAnswer early when !requested -> lose(malformed(early + ", sent before the request"));
                case AgentNotice.Limits limits -> receivedLimits(limits);
                case AgentNotice.Unknown notice -> {}
                default -> lose(malformed(answer + ", expected limits"));
            }
        }

        private void receivedLimits(AgentNotice.Limits limits) {
            restartSilenceTimer();
            AgentSession watched = session;
            if (watched != null) {
                if (!hasLimits) {
                    hasLimits = true;
                    found(watched);
                }
                watched.limitsReceived();
                listener.limits(limits);
            }
        }

        @Override
        public void lost(IOException how) {
            lose(gone(
                    how instanceof PeerClosedException
                            ? "it shut down the watch connection"
                            : "its connection failed: " + SystemError.text(how)));
        }

        /** Ends this connection; the first reason counts. Connections that the agent opened stay open. */
        void lose(ConnectFailedException why) {
            if (lost) {
                return;
            }
            lost = true;
            if (silenceTimer != null) {
                silenceTimer.cancel(false);
            }
            AgentWatch.this.lost(why);
            if (session != null) {
                session.end();
            }
            if (connection != null) {
                connection.close();
            }
            connecting.cancel(false);
        }
    }

    private static ConnectFailedException gone(String detail) {
        return ConnectFailedException.of(ConnectFailure.AGENT_GONE, detail);
    }

    private static ConnectFailedException notAllowed(String detail) {
        return ConnectFailedException.of(ConnectFailure.AGENT_NOT_ALLOWED, detail);
    }

    private static ConnectFailedException malformed(String detail) {
        return ConnectFailedException.of(ConnectFailure.AGENT_MALFORMED, detail);
    }
}
