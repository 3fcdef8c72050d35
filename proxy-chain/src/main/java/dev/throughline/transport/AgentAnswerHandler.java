package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeAnswer.AgentNotice;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Tuple;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * What an agent says on a connection that it was asked to open, up to <em>connected</em>; what follows is the flow's. Of one
 * that failed or was given up it goes on reading until the agent closes, by which it says that its system has let go.
 */
final class AgentAnswerHandler extends ChannelInboundHandlerAdapter {
    /** Why a connection waits of which the system says ENOMEM (BRIDGE.md, "Opening"). */
    private static final String NO_MEMORY = "no-memory";

    private final EpollDomainSocketChannel channel;
    private final AgentSession session;
    private final boolean withHandle;
    private final Consumer<ByteBuf> unread;
    private final CompletableFuture<UpstreamConnection> opened;
    private final AgentSlot place;
    private final AnswerReader answers = new AnswerReader();
    private Stage stage = Stage.ASKED;
    private Optional<String> waiting = Optional.empty();
    private Optional<Tuple> addresses = Optional.empty();
    private boolean carried;

    private enum Stage {
        /** An answer is awaited. */
        ASKED,
        /** Nobody wants the connection any more. */
        GIVEN_UP,
        /** Nothing more is heard but the end. */
        FAILED,
        /** The connection is the flow's. */
        OPEN,
        /** The agent has closed. */
        ENDED
    }

    AgentAnswerHandler(
            EpollDomainSocketChannel channel,
            AgentSession session,
            boolean withHandle,
            Consumer<ByteBuf> unread,
            CompletableFuture<UpstreamConnection> opened,
            AgentSlot place) {
        this.channel = channel;
        this.session = session;
        this.withHandle = withHandle;
        this.unread = unread;
        this.opened = opened;
        this.place = place;
    }

    /** Whether it can be written doesn't matter: an agent that has closed may have said why, and that is read. */
    void ask(BridgeRequest.Open request, ChannelHandler first) {
        channel.pipeline().addLast(first, this);
        channel.closeFuture().addListener(closed -> closed());
        channel.writeAndFlush(Unpooled.wrappedBuffer(request.encode().toByteArray()));
        channel.read();
    }

    /** The last reason for which it waited. */
    Optional<String> waiting() {
        return waiting;
    }

    /** The end of this side before an answer is how a hop gives up (BRIDGE.md, "Opening"). */
    void giveUp(ConnectFailedException why) {
        if (stage == Stage.ASKED) {
            fail(Stage.GIVEN_UP, why);
            channel.shutdownOutput();
        }
    }

    private void fail(Stage after, ConnectFailedException why) {
        boolean wanted = stage == Stage.ASKED;
        stage = after;
        if (wanted) {
            session.awaitsClose(place);
            place.released().whenCompleteAsync((free, problem) -> channel.close(), channel.eventLoop());
            opened.completeExceptionally(why);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf data = (ByteBuf) message;
        while (stage == Stage.ASKED || stage == Stage.GIVEN_UP) {
            Optional<BridgeAnswer.Read> next = answers.next(data);
            if (next.isEmpty()) {
                break;
            }
            heard(next.get());
        }
        if (stage == Stage.OPEN) {
            open(context, data);
            return;
        }
        data.release();
        if (channel.isOpen()) {
            context.read();
        }
    }

    private void heard(BridgeAnswer.Read read) {
        switch (read) {
            case BridgeAnswer.Read.Complete(BridgeAnswer answer, int length) -> heard(answer);
            case BridgeAnswer.Read.Malformed(int offset, String problem) ->
                malformed("byte " + offset + ": " + problem);
            case BridgeAnswer.Read.NeedMore more ->
                throw new IllegalStateException("an answer is read when it is here");
        }
    }

    private void heard(BridgeAnswer answer) {
        switch (answer) {
            case AgentNotice.Waiting(String reason) -> waits(reason);
            case AgentNotice.Carried news when !withHandle -> malformed("\"carried\", but the flow has no handle");
            case AgentNotice.Carried news -> carried = true;
            case AgentNotice.Addresses news when addresses.isPresent() -> malformed("a second \"addresses\"");
            case AgentNotice.Addresses(Tuple connection) -> addresses = Optional.of(connection);
            case AgentNotice.Limits news -> malformed("limits, which weren't requested");
            case AgentNotice.Unknown news -> {}
            case BridgeAnswer.Failed(String reason) ->
                fail(Stage.FAILED, ConnectFailedException.reportedByAgent(reason));
            case BridgeAnswer.Connected connected -> {
                if (stage == Stage.ASKED) {
                    stage = Stage.OPEN;
                } else {
                    // Crossed with this side's end, which the agent takes for the flow's; closing is the sign.
                    stage = Stage.FAILED;
                    channel.close();
                }
            }
        }
    }

    /** A process that has no more connections doesn't get this one later either. */
    private void waits(String reason) {
        waiting = Optional.of(reason);
        if (reason.equals(NO_MEMORY)) {
            giveUp(ConnectFailedException.late(waiting));
        }
    }

    private void malformed(String problem) {
        fail(Stage.FAILED, ConnectFailedException.of(ConnectFailure.AGENT_MALFORMED, problem));
        channel.shutdownOutput();
    }

    /** From here on it is as every other connection of a flow. */
    private void open(ChannelHandlerContext context, ByteBuf data) {
        channel.config().setOption(ChannelOption.AUTO_CLOSE, true);
        channel.pipeline().remove(context.name());
        unread.accept(data);
        opened.complete(new UpstreamConnection(channel, addresses, carried));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            ended("it closed the connection without an answer");
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        ended("its connection failed: " + SystemError.text(cause));
    }

    /** This side has closed. */
    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail(Stage.ENDED, ConnectFailedException.of(ConnectFailure.AGENT_GONE, "this hop is stopping"));
    }

    /** The agent has closed its side, or its connection is broken, which a Unix socket only is when the other is closed. */
    private void ended(String detail) {
        if (stage != Stage.ENDED) {
            fail(Stage.ENDED, ConnectFailedException.of(ConnectFailure.AGENT_GONE, detail));
            place.free();
            channel.close();
        }
    }

    /** Of a connection that was opened this side can't see the agent close, only the end of one direction. */
    private void closed() {
        if (!place.released().isDone()) {
            session.awaitsLimits(place);
        }
    }
}
