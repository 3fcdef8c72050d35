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
final class AgentStart implements Start {
    private final EventLoop loop;
    private final AgentSession session;
    private final BridgeRequest.Open request;
    private final ChannelHandler first;
    private final Consumer<ByteBuf> unread;
    private final CompletableFuture<EpollDomainSocketChannel> connecting = new CompletableFuture<>();
    private final CompletableFuture<Opened> opened = new CompletableFuture<>();
    private final AgentPlace place = new AgentPlace();
    private @Nullable AnswerInput asked;

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
    public CompletableFuture<Opened> opened() {
        return opened;
    }

    @Override
    public CompletableFuture<Void> released() {
        return place.released();
    }

    @Override
    public void giveUp() {
        loop.execute(() -> giveUp(NotOpened.of(NotOpened.GIVEN_UP, "its flow doesn't want it any more")));
    }

    private void connected(@Nullable EpollDomainSocketChannel channel, @Nullable Throwable problem) {
        if (channel == null) {
            neverAsked(problem instanceof NotOpened why ? why : NotOpened.of(NotOpened.AGENT_GONE, "" + problem));
            return;
        }
        Optional<NotOpened> objection = session.objection(channel);
        if (objection.isPresent()) {
            channel.close();
            neverAsked(objection.get());
        } else {
            asked = new AnswerInput(channel, session, request.handle().isPresent(), unread, opened, place);
            asked.ask(request, first);
        }
    }

    private void late() {
        giveUp(
                asked == null
                        ? NotOpened.of(NotOpened.START_TIMEOUT, "the agent's queue of connections is full")
                        : NotOpened.late(asked.waiting()));
    }

    private void giveUp(NotOpened why) {
        if (asked == null) {
            neverAsked(why);
            connecting.cancel(false);
        } else {
            asked.giveUp(why);
        }
    }

    private void neverAsked(NotOpened why) {
        place.free();
        opened.completeExceptionally(why);
    }
}
