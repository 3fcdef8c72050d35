package dev.throughline.transport;

import dev.throughline.relay.StreamOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The Unix socket at which an agent listens. */
final class AgentSocket {
    private static final int AGAIN_MILLIS = 5;

    private final Path path;

    AgentSocket(Path path) {
        this.path = path;
    }

    /**
     * Connects, on {@code loop}, which calls. An agent whose queue is full is asked again and again: connect(2) doesn't wait for
     * a place in it (EAGAIN, unix(7)), as it would for TCP.
     *
     * @param connected is given the open channel, with reading off, before anything can happen on it; or {@link ConnectFailedException}. The
     *     channel stays open when it can't be written to any more, as there may be something to read. If it is completed
     *     otherwise meanwhile, nobody wants a channel
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
        // Registered at once, as this is the loop's thread, so that connect(2) comes before anybody can lose interest.
        if (!registered.isSuccess()) {
            connected.completeExceptionally(why(registered.cause()));
            return;
        }
        ChannelFuture connecting = registered.channel().connect(new DomainSocketAddress(path.toFile()));
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                if (!connected.complete((EpollDomainSocketChannel) connecting.channel())) {
                    connecting.channel().close();
                }
            } else if (isBusy(done.cause())) {
                loop.schedule(() -> connect(loop, connected), AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            } else {
                OnLoop.run(loop, () -> connected.completeExceptionally(why(done.cause())));
            }
        });
    }

    private ConnectFailedException why(Throwable cause) {
        int errno = SystemError.of(cause).orElse(0);
        return switch (errno) {
            case SystemError.EMFILE, SystemError.ENFILE, SystemError.ENOMEM, SystemError.ENOBUFS ->
                ConnectFailedException.shortage(errno);
            default ->
                ConnectFailedException.of(
                        ConnectFailure.AGENT_GONE, "no agent listens at " + path + ": " + SystemError.text(cause));
        };
    }

    private static boolean isBusy(Throwable cause) {
        return SystemError.of(cause).equals(OptionalInt.of(SystemError.EAGAIN));
    }
}
