package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.header.Bytes;
import dev.throughline.relay.StreamOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The Unix socket on which an agent listens, and how its answers are read. */
final class AgentSocket {
    private static final int RETRY_MILLIS = 5;

    private final Path path;

    AgentSocket(Path path) {
        this.path = path;
    }

    /**
     * Connects. Must be called on {@code loop}. Retries while the agent's queue is full: unlike TCP, connect(2) of a Unix
     * socket doesn't wait for space in it (EAGAIN, unix(7)).
     *
     * @param connected is completed with the open channel, with reading off, before anything happens on it; or with
     *     {@link ConnectFailedException}. The channel stays open after a failed write, as there may be an answer to read.
     *     Completing it from outside cancels the attempt
     */
    void connect(EventLoop loop, CompletableFuture<EpollDomainSocketChannel> connected) {
        if (connected.isDone()) {
            return;
        }
        ChannelFuture registered = new Bootstrap()
                .group(loop)
                .channel(EpollDomainSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.AUTO_CLOSE, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(StreamOptions.SO_OOBINLINE, 1)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {}
                })
                .register();
        // Completes at once on this thread, so connect(2) follows before anything else can cancel the attempt.
        if (!registered.isSuccess()) {
            connected.completeExceptionally(failure(registered.cause()));
            return;
        }
        ChannelFuture connecting = registered.channel().connect(new DomainSocketAddress(path.toFile()));
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                if (!connected.complete((EpollDomainSocketChannel) connecting.channel())) {
                    connecting.channel().close();
                }
            } else if (isQueueFull(done.cause())) {
                loop.schedule(() -> connect(loop, connected), RETRY_MILLIS, TimeUnit.MILLISECONDS);
            } else {
                EventLoopTasks.run(loop, () -> connected.completeExceptionally(failure(done.cause())));
            }
        });
    }

    private ConnectFailedException failure(Throwable cause) {
        int errno = SystemError.of(cause).orElse(0);
        return switch (errno) {
            case SystemError.EMFILE, SystemError.ENFILE, SystemError.ENOMEM, SystemError.ENOBUFS ->
                ConnectFailedException.shortage(errno);
            default ->
                ConnectFailedException.of(
                        ConnectFailure.AGENT_GONE, "no agent listens at " + path + ": " + SystemError.text(cause));
        };
    }

    private static boolean isQueueFull(Throwable cause) {
        return SystemError.of(cause).equals(OptionalInt.of(SystemError.EAGAIN));
    }

    /** Reads answers from a stream of buffers, and no byte more: the bytes after <em>connected</em> belong to the flow. */
    static final class AnswerReader {
        private final byte[] received = new byte[BridgeAnswer.PREFIX_BYTES + BridgeAnswer.MAX_CONTENT_BYTES];
        private int length;

        /** Returns the next answer, complete or malformed; empty if {@code data} ends before it does. */
        Optional<BridgeAnswer.Read> next(ByteBuf data) {
            while (true) {
                BridgeAnswer.Read read = BridgeAnswer.read(Bytes.copyOf(received, 0, length));
                if (!(read instanceof BridgeAnswer.Read.NeedMore(int total))) {
                    length = 0;
                    return Optional.of(read);
                }
                if (!data.isReadable()) {
                    return Optional.empty();
                }
                int taken = Math.min(total - length, data.readableBytes());
                data.readBytes(received, length, taken);
                length += taken;
            }
        }
    }
}
