package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeAnswer.AgentNotice;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Tuple;
import dev.throughline.relay.PeerClosedException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A request to an agent for one connection, up to its answer or a deadline. After the answer <em>connected</em>, the
 * connection belongs to the flow. After a failure or a cancelled attempt, it is read until the agent closes it, because only
 * then has the agent's system released the connection. Everything runs on the flow's event loop.
 */
final class AgentConnectAttempt implements ConnectAttempt {
    /** The agent waits because its system returned ENOMEM (BRIDGE.md, "Opening"). */
    private static final String NO_ANSWER = "it closed the connection without an answer";

    private static final String NO_MEMORY = "no-memory";

    private final EventLoop loop;
    private final AgentSession session;
    private final BridgeRequest.Open request;
    private final ChannelHandler first;
    private final Consumer<ByteBuf> unread;
    private final CompletableFuture<EpollDomainSocketChannel> connecting = new CompletableFuture<>();
    private final CompletableFuture<UpstreamConnection> opened = new CompletableFuture<>();
    private final AgentSession.Slot slot = new AgentSession.Slot();
    private @Nullable Exchange exchange;

    /**
     * Creates an attempt.
     *
     * @param first the first handler of the new connection's pipeline
     * @param unread takes the bytes that were read together with the answer
     */
    AgentConnectAttempt(
            EventLoop loop,
            AgentSession session,
            BridgeRequest.Open request,
            ChannelHandler first,
            Consumer<ByteBuf> unread) {
        this.loop = loop;
        this.session = session;
        this.request = request;
        this.first = first;
        this.unread = unread;
    }

    void start(AgentSocket socket, Duration deadline) {
        Future<?> timer = loop.schedule(this::timeOut, deadline.toNanos(), TimeUnit.NANOSECONDS);
        opened.whenComplete((connection, problem) -> timer.cancel(false));
        connecting.whenComplete(this::connected);
        loop.execute(() -> socket.connect(loop, connecting));
    }

    @Override
    public CompletableFuture<UpstreamConnection> opened() {
        return opened;
    }

    @Override
    public CompletableFuture<Void> released() {
        return slot.released();
    }

    @Override
    public void giveUp() {
        loop.execute(() -> giveUp(ConnectFailedException.of(ConnectFailure.GIVEN_UP, "its flow has ended")));
    }

    private void connected(@Nullable EpollDomainSocketChannel channel, @Nullable Throwable problem) {
        if (channel == null) {
            failBeforeRequest(
                    problem instanceof ConnectFailedException why
                            ? why
                            : ConnectFailedException.of(ConnectFailure.AGENT_GONE, "" + problem));
            return;
        }
        Optional<ConnectFailedException> objection = session.objection(channel);
        if (objection.isPresent()) {
            channel.close();
            failBeforeRequest(objection.get());
        } else {
            exchange = new Exchange(channel);
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
        opened.completeExceptionally(why);
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

    /** The handler that sends the request and reads the agent's answers. */
    private final class Exchange extends ChannelInboundHandlerAdapter {
        private final EpollDomainSocketChannel channel;
        private final AgentSocket.AnswerReader answers = new AgentSocket.AnswerReader();
        private State state = State.REQUESTED;
        private Optional<String> waitReason = Optional.empty();
        private Optional<Tuple> addresses = Optional.empty();
        private boolean carried;

        Exchange(EpollDomainSocketChannel channel) {
            this.channel = channel;
        }

        /** Ignores a failed write: an agent that has already closed may have sent its reason before, which is read. */
        void start() {
            channel.pipeline().addLast(first, this);
            channel.closeFuture().addListener(closed -> closed());
            channel.writeAndFlush(Unpooled.wrappedBuffer(request.encode().toByteArray()));
            channel.read();
        }

        /** Shuts down this side's output before an answer, which tells the agent to cancel (BRIDGE.md, "Opening"). */
        void giveUp(ConnectFailedException why) {
            if (state == State.REQUESTED) {
                fail(State.GIVEN_UP, why);
                channel.shutdownOutput();
            }
        }

        private void fail(State next, ConnectFailedException why) {
            boolean pending = state == State.REQUESTED;
            state = next;
            if (pending) {
                session.freeWhenAgentCloses(slot);
                slot.released().whenCompleteAsync((free, problem) -> channel.close(), channel.eventLoop());
                opened.completeExceptionally(why);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf data = (ByteBuf) message;
            while (state == State.REQUESTED || state == State.GIVEN_UP) {
                Optional<BridgeAnswer.Read> next = answers.next(data);
                if (next.isEmpty()) {
                    break;
                }
                received(next.get());
            }
            if (state == State.OPEN) {
                open(context, data);
                return;
            }
            data.release();
            if (channel.isOpen()) {
                context.read();
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
                        channel.close();
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
            channel.shutdownOutput();
        }

        /** Hands the connection to the flow, configured like any other upstream connection. */
        private void open(ChannelHandlerContext context, ByteBuf data) {
            channel.config().setOption(ChannelOption.AUTO_CLOSE, true);
            channel.pipeline().remove(context.name());
            unread.accept(data);
            opened.complete(new UpstreamConnection(channel, addresses, carried));
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                agentClosed(NO_ANSWER);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            agentClosed(
                    cause instanceof PeerClosedException
                            ? NO_ANSWER
                            : "its connection failed: " + SystemError.text(cause));
        }

        /** This side has closed. */
        @Override
        public void channelInactive(ChannelHandlerContext context) {
            fail(State.ENDED, ConnectFailedException.of(ConnectFailure.AGENT_GONE, "this hop is stopping"));
        }

        /** Handles the agent's close; a Unix socket also fails only when its peer is closed. */
        private void agentClosed(String detail) {
            if (state != State.ENDED) {
                fail(State.ENDED, ConnectFailedException.of(ConnectFailure.AGENT_GONE, detail));
                slot.free();
                channel.close();
            }
        }

        /**
         * Releases the slot. An opened connection shows only the end of one direction, not that the agent has closed: its
         * limits show that.
         */
        private void closed() {
            if (!slot.released().isDone()) {
                session.freeAfterNextLimits(slot);
            }
        }
    }
}
