package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeAnswer.AgentNotice;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.PeerClosedException;
import dev.throughline.header.Tuple;
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
 * A request to an agent for one connection, up to its answer or a deadline. After the answer <em>connected</em>, the
 * connection belongs to the flow. After a failure or a cancelled attempt, it is read until the agent closes it, because only
 * then has the agent's system released the connection. Everything runs on the flow's event loop.
 */
final class AgentConnectAttempt implements ConnectAttempt {
    private static final String NO_ANSWER = "it closed the connection without an answer";
    /** The agent waits because its system returned ENOMEM (BRIDGE.md, "Opening"). */
    private static final String NO_MEMORY = "no-memory";

    private final EventLoop loop;
    private final AgentSession session;
    private final BridgeRequest.Open request;
    private final CompletableFuture<Connection> connecting = new CompletableFuture<>();
    private final ConnectResult result;
    private boolean done;
    private @Nullable Future<?> timer;
    private final AgentSession.Slot slot = new AgentSession.Slot();
    private @Nullable Exchange exchange;

    AgentConnectAttempt(EventLoop loop, AgentSession session, BridgeRequest.Open request, ConnectResult result) {
        this.loop = loop;
        this.result = result;
        this.session = session;
        this.request = request;
    }

    void start(AgentSocket socket, Duration deadline) {
        timer = loop.schedule(this::timeOut, deadline.toNanos(), TimeUnit.NANOSECONDS);
        connecting.whenComplete(this::connected);
        loop.execute(() -> socket.connect(loop, connecting));
    }

    /** Returns whether this is the first result. */
    private boolean finish() {
        if (done) {
            return false;
        }
        done = true;
        if (timer != null) {
            timer.cancel(false);
        }
        return true;
    }

    private void fail(ConnectFailedException why) {
        if (finish()) {
            result.failed(why);
        }
    }

    @Override
    public void whenReleased(Runnable task) {
        slot.released().whenComplete((free, problem) -> task.run());
    }

    @Override
    public void giveUp() {
        loop.execute(() -> giveUp(ConnectFailedException.of(ConnectFailure.GIVEN_UP, "its flow has ended")));
    }

    private void connected(@Nullable Connection connection, @Nullable Throwable problem) {
        if (connection == null) {
            failBeforeRequest(
                    problem instanceof ConnectFailedException why
                            ? why
                            : ConnectFailedException.of(ConnectFailure.AGENT_GONE, "" + problem));
            return;
        }
        Optional<ConnectFailedException> objection = session.objection(connection);
        if (objection.isPresent()) {
            connection.close();
            failBeforeRequest(objection.get());
        } else {
            exchange = new Exchange(connection);
            exchange.start();
        }
    }

    private void timeOut() {
        giveUp(
                exchange == null
                        ? ConnectFailedException.of(
                                ConnectFailure.START_TIMEOUT, "the agent's queue of connections is full")
                        : ConnectFailedException.late(exchange.waitReason));
    }

    private void giveUp(ConnectFailedException why) {
        if (exchange == null) {
            failBeforeRequest(why);
            connecting.cancel(false);
        } else {
            exchange.giveUp(why);
        }
    }

    private void failBeforeRequest(ConnectFailedException why) {
        slot.free();
        fail(why);
    }

    private enum State {
        /** The request was sent; the final answer hasn't come. */
        REQUESTED,
        /** This side gave up. A <em>connected</em> that crossed with this is ignored. */
        GIVEN_UP,
        /** The attempt failed; further bytes are discarded until the agent closes. */
        FAILED,
        /** The connection belongs to the flow. */
        OPEN,
        /** The agent has closed. */
        ENDED
    }

    /** Sends the request and reads the agent's answers. */
    private final class Exchange implements ConnectionEvents {
        private final Connection connection;
        private final AgentSocket.AnswerReader answers = new AgentSocket.AnswerReader();
        private State state = State.REQUESTED;
        private Optional<String> waitReason = Optional.empty();
        private Optional<Tuple> addresses = Optional.empty();
        private boolean carried;

        Exchange(Connection connection) {
            this.connection = connection;
        }

        /** Ignores a failed write: an agent that has already closed may have sent its reason before, which is read. */
        void start() {
            connection.events(this);
            connection.whenClosed(this::closed);
            try {
                connection.write(
                        LoopBuffer.empty().put(request.encode().toByteArray()).flip());
            } catch (IOException e) {
                // Reading finds the reason, or the close.
            }
            readable();
        }

        /** Shuts down this side's output before an answer, which tells the agent to cancel (BRIDGE.md, "Opening"). */
        void giveUp(ConnectFailedException why) {
            if (state == State.REQUESTED) {
                fail(State.GIVEN_UP, why);
                connection.shutdownOutput();
            }
        }

        private void fail(State next, ConnectFailedException why) {
            boolean pending = state == State.REQUESTED;
            state = next;
            if (pending) {
                session.freeWhenAgentCloses(slot);
                slot.released().whenCompleteAsync((free, problem) -> connection.close(), loop);
                AgentConnectAttempt.this.fail(why);
            }
        }

        @Override
        public void readable() {
            try {
                while (connection.isOpen() && state != State.OPEN) {
                    ByteBuffer data = LoopBuffer.empty();
                    int length = connection.read(data);
                    if (length < 0) {
                        agentClosed(NO_ANSWER);
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
            while (state == State.REQUESTED || state == State.GIVEN_UP) {
                Optional<BridgeAnswer.Read> next = answers.next(data);
                if (next.isEmpty()) {
                    return;
                }
                received(next.get());
            }
            if (state == State.OPEN) {
                open(data);
            }
        }

        private void received(BridgeAnswer.Read read) {
            switch (read) {
                case BridgeAnswer.Read.Complete(BridgeAnswer answer, int length) -> received(answer);
                case BridgeAnswer.Read.Malformed(int offset, String problem) ->
                    malformed("byte " + offset + ": " + problem);
                case BridgeAnswer.Read.NeedMore more ->
                    throw new IllegalStateException("the reader returned an incomplete answer");
            }
        }

        private void received(BridgeAnswer answer) {
            switch (answer) {
                case AgentNotice.Waiting(String reason) -> waiting(reason);
                case AgentNotice.Carried notice
                when request.handle().isEmpty() -> malformed("\"carried\", but the flow has no handle");
                case AgentNotice.Carried notice -> carried = true;
                case AgentNotice.Addresses notice when addresses.isPresent() -> malformed("a second \"addresses\"");
                case AgentNotice.Addresses(Tuple connection) -> addresses = Optional.of(connection);
                case AgentNotice.Limits notice -> malformed("limits, which weren't requested");
                case AgentNotice.Unknown notice -> {}
                case BridgeAnswer.Failed(String reason) ->
                    fail(State.FAILED, ConnectFailedException.reportedByAgent(reason));
                case BridgeAnswer.Connected connected -> {
                    if (state == State.REQUESTED) {
                        state = State.OPEN;
                    } else {
                        // The agent takes this side's shutdown for the end of the flow's data: only closing cancels.
                        state = State.FAILED;
                        connection.close();
                    }
                }
            }
        }

        /** Gives up at once without memory: a process at its limit of connections doesn't get this one later either. */
        private void waiting(String reason) {
            waitReason = Optional.of(reason);
            if (reason.equals(NO_MEMORY)) {
                giveUp(ConnectFailedException.late(waitReason));
            }
        }

        private void malformed(String problem) {
            fail(State.FAILED, ConnectFailedException.of(ConnectFailure.AGENT_MALFORMED, problem));
            connection.shutdownOutput();
        }

        /** Hands the connection to the flow, with the bytes behind the answer. */
        private void open(ByteBuffer behind) {
            connection.events(ConnectionEvents.IGNORED);
            byte[] unread = new byte[behind.remaining()];
            behind.get(unread);
            connection.unread(unread);
            if (finish()) {
                result.opened(new UpstreamConnection(connection, addresses, carried));
            }
        }

        @Override
        public void lost(IOException how) {
            agentClosed(
                    how instanceof PeerClosedException ? NO_ANSWER : "its connection failed: " + SystemError.text(how));
        }

        /** Handles the agent's close; a Unix socket also fails only when its peer is closed. */
        private void agentClosed(String detail) {
            if (state != State.ENDED) {
                fail(State.ENDED, ConnectFailedException.of(ConnectFailure.AGENT_GONE, detail));
                slot.free();
                connection.close();
            }
        }

        /**
         * Releases the slot when this side has closed. An opened connection shows only the end of one direction, not that the agent has closed: its
         * limits show that.
         */
        private void closed() {
            fail(State.ENDED, ConnectFailedException.of(ConnectFailure.AGENT_GONE, "this hop is stopping"));
            if (!slot.released().isDone()) {
                session.freeAfterNextLimits(slot);
            }
        }
    }
}
