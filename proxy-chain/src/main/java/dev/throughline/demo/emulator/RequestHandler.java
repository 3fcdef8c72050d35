package dev.throughline.demo.emulator;

import dev.throughline.bridge.BridgeRequest;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Settings;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import dev.throughline.relay.InboundBuffer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** A reader of a hop's request. It reads nothing from a user who isn't allowed, according to the kernel. */
final class RequestHandler extends ChannelInboundHandlerAdapter {
    private static final HeaderReader READER = new HeaderReader(HeaderLimits.NORMAL);

    private final EpollDomainSocketChannel hop;
    private final Settings settings;
    private final BiConsumer<EpollDomainSocketChannel, BridgeRequest> asked;
    private final ByteBuf received = Unpooled.buffer();
    private final Future<?> deadline;

    RequestHandler(
            EpollDomainSocketChannel hop,
            Settings settings,
            BiConsumer<EpollDomainSocketChannel, BridgeRequest> asked) {
        this.hop = hop;
        this.settings = settings;
        this.asked = asked;
        this.deadline =
                hop.eventLoop().schedule(this::refuse, settings.requestTimeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Adds this handler to a connection that isn't active yet. */
    void await() {
        hop.pipeline().addLast(new InboundBuffer(), this);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) throws IOException {
        if (hop.peerCredentials().uid() == settings.user()) {
            context.read();
        } else {
            end();
            Answers.fail(hop, "hop-not-allowed");
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf data = (ByteBuf) message;
        received.writeBytes(data);
        data.release();
        switch (READER.read(received.array(), received.readableBytes())) {
            case ReadResult.NeedMore more -> context.read();
            case ReadResult.Malformed malformed -> refuse();
            // A hop sends no byte of the flow before it knows that there is a connection.
            case ReadResult.Complete complete
            when complete.header().raw().length() == received.readableBytes()
                    && BridgeRequest.read(complete.header()) instanceof BridgeRequest.Read.Found(BridgeRequest it) -> {
                end();
                asked.accept(hop, it);
            }
            case ReadResult.Complete complete -> refuse();
        }
    }

    /** The input ended before the request. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        refuse();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end();
        hop.close();
    }

    private void refuse() {
        end();
        Answers.fail(hop, "request-malformed");
    }

    private void end() {
        deadline.cancel(false);
        if (hop.pipeline().context(this) != null) {
            hop.pipeline().remove(this);
        }
    }
}
