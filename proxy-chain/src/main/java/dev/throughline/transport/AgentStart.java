package dev.throughline.transport;

import dev.throughline.bridge.BridgeRequest;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One connection that an agent is asked for, up to its answer or a deadline. Everything happens on the flow's event loop. */
final class AgentStart implements ConnectAttempt {
    private final EventLoop loop;
    private final AgentSession session;
    private final BridgeRequest.Open request;
    private final ChannelHandler first;
    private final Consumer<ByteBuf> unread;
    private final CompletableFuture<EpollDomainSocketChannel> connecting = new CompletableFuture<>();
    private final CompletableFuture<UpstreamConnection> opened = new CompletableFuture<>();
    private final AgentSlot place = new AgentSlot();
    private @Nullable AgentAnswerHandler asked;

    AgentStart(
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

    void begin(AgentSocket socket, Duration deadline) {
        Future<?> late = loop.schedule(this::late, deadline.toNanos(), TimeUnit.NANOSECONDS);
        opened.whenComplete((done, problem) -> late.cancel(false));
        connecting.whenComplete(this::connected);
        loop.execute(() -> socket.connect(loop, connecting));
    }

    @Override
    public CompletableFuture<UpstreamConnection> opened() {
        return opened;
    }

    @Override
    public CompletableFuture<Void> released() {
        return place.released();
    }

    @Override
    public void giveUp() {
        loop.execute(
                () -> giveUp(ConnectFailedException.of(ConnectFailure.GIVEN_UP, "its flow doesn't want it any more")));
    }

    private void connected(@Nullable EpollDomainSocketChannel channel, @Nullable Throwable problem) {
        if (channel == null) {
            neverAsked(
                    problem instanceof ConnectFailedException why
                            ? why
                            : ConnectFailedException.of(ConnectFailure.AGENT_GONE, "" + problem));
            return;
        }
        Optional<ConnectFailedException> objection = session.objection(channel);
        if (objection.isPresent()) {
            channel.close();
            neverAsked(objection.get());
        } else {
            asked = new AgentAnswerHandler(channel, session, request.handle().isPresent(), unread, opened, place);
            asked.ask(request, first);
        }
    }

    private void late() {
        giveUp(
                asked == null
                        ? ConnectFailedException.of(
                                ConnectFailure.START_TIMEOUT, "the agent's queue of connections is full")
                        : ConnectFailedException.late(asked.waiting()));
    }

    private void giveUp(ConnectFailedException why) {
        if (asked == null) {
            neverAsked(why);
            connecting.cancel(false);
        } else {
            asked.giveUp(why);
        }
    }

    private void neverAsked(ConnectFailedException why) {
        place.free();
        opened.completeExceptionally(why);
    }
}
