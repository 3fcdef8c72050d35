package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeAnswer.AgentNotice;
import dev.throughline.bridge.BridgeRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection that watches an agent, from the question who that is to its loss, for one reason. All of it has the time of
 * silence: who never says anything is gone after it, whether that is the agent, or whoever is asked if this is one.
 */
final class WatchConnection extends ChannelInboundHandlerAdapter {
    private final EventLoop loop;
    private final AgentSocket socket;
    private final AgentClient.Rule rule;
    private final AgentClient.Timings timings;
    private final AgentWatch watch;
    private final CompletableFuture<EpollDomainSocketChannel> connecting = new CompletableFuture<>();
    private final AnswerReader answers = new AnswerReader();
    private @Nullable Channel channel;
    private @Nullable AgentSession session;
    private @Nullable Future<?> silence;
    private boolean asked;
    private boolean found;
    private boolean lost;

    WatchConnection(
            EventLoop loop, AgentSocket socket, AgentClient.Rule rule, AgentClient.Timings timings, AgentWatch watch) {
        this.loop = loop;
        this.socket = socket;
        this.rule = rule;
        this.timings = timings;
        this.watch = watch;
    }

    void begin() {
        hear();
        connecting.whenComplete((connected, problem) -> {
            if (connected != null) {
                channel = connected;
                connected.pipeline().addLast(this);
                askWho(connected);
            } else if (problem instanceof ConnectFailedException why) {
                lose(why);
            }
        });
        socket.connect(loop, connecting);
    }

    private void hear() {
        if (silence != null) {
            silence.cancel(false);
        }
        silence = loop.schedule(
                () -> lose(gone("no message for " + timings.silence().toMillis() + " ms")),
                timings.silence().toNanos(),
                TimeUnit.NANOSECONDS);
    }

    private void askWho(EpollDomainSocketChannel connected) {
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
                                ask(connected, agent);
                            }
                        },
                        loop);
    }

    /** Whether it can be written doesn't matter: an agent that has closed may have said why, and that is read. */
    private void ask(Channel connected, AgentClient.Agent agent) {
        if (!lost) {
            asked = true;
            session = new AgentSession(agent, loop, timings.settle());
            connected.writeAndFlush(
                    Unpooled.wrappedBuffer(new BridgeRequest.Watch().encode().toByteArray()));
            connected.read();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf data = (ByteBuf) message;
        Optional<BridgeAnswer.Read> next = lost ? Optional.empty() : answers.next(data);
        while (next.isPresent()) {
            heard(next.get());
            next = lost ? Optional.empty() : answers.next(data);
        }
        data.release();
        if (!lost) {
            context.read();
        }
    }

    private void heard(BridgeAnswer.Read read) {
        switch (read) {
            case BridgeAnswer.Read.Complete(BridgeAnswer answer, int length) -> heard(answer);
            case BridgeAnswer.Read.Malformed(int offset, String problem) ->
                lose(malformed("byte " + offset + ": " + problem));
            case BridgeAnswer.Read.NeedMore more ->
                throw new IllegalStateException("an answer is read when it is here");
        }
    }

    private void heard(BridgeAnswer answer) {
        switch (answer) {
            case BridgeAnswer.Failed(String reason) -> lose(ConnectFailedException.reportedByAgent(reason));
            case BridgeAnswer some when !asked -> lose(malformed(some + ", sent before the request"));
            case AgentNotice.Limits limits -> limits(limits);
            case AgentNotice.Unknown news -> {}
            default -> lose(malformed(answer + ", expected limits"));
        }
    }

    private void limits(AgentNotice.Limits limits) {
        hear();
        AgentSession of = session;
        if (of != null) {
            if (!found) {
                found = true;
                watch.found(of);
            }
            of.limitsCame();
            watch.limits(limits);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            lose(gone("it shut down the watch connection"));
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        lose(gone("its connection failed: " + SystemError.text(cause)));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        lose(gone("the watch connection is closed"));
    }

    /** Runs once; open connections stay open. */
    void lose(ConnectFailedException why) {
        if (lost) {
            return;
        }
        lost = true;
        if (silence != null) {
            silence.cancel(false);
        }
        watch.lost(why);
        if (session != null) {
            session.end();
        }
        if (channel != null) {
            channel.close();
        }
        connecting.cancel(false);
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
