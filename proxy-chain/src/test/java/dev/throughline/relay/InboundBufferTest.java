package dev.throughline.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InboundBufferTest {
    private final InboundBuffer inbox = new InboundBuffer();
    private final Kernel kernel = new Kernel();
    private final Reader reader = new Reader();
    private final EmbeddedChannel channel = channel();

    private EmbeddedChannel channel() {
        EmbeddedChannel made = new EmbeddedChannel();
        made.config().setAutoRead(false);
        made.pipeline().addLast(kernel, inbox, reader);
        return made;
    }

    /** Counts the reads of the channel. */
    private static final class Kernel extends ChannelOutboundHandlerAdapter {
        private int asked;

        @Override
        public void read(ChannelHandlerContext context) {
            asked++;
        }
    }

    /** A reader that records its bytes, and may request more during delivery. */
    private static final class Reader extends ChannelInboundHandlerAdapter {
        private final List<String> got = new ArrayList<>();
        private boolean greedy;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf data = (ByteBuf) message;
            got.add(data.toString(StandardCharsets.US_ASCII));
            data.release();
            if (greedy) {
                context.read();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            got.add(event instanceof ChannelInputShutdownEvent ? "end" : String.valueOf(event));
        }
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    private void arrive(String... texts) {
        for (String text : texts) {
            channel.pipeline().fireChannelRead(bytes(text));
        }
        channel.pipeline().fireChannelReadComplete();
    }

    private void end() {
        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }

    @Test
    void bytesWaitUntilTheyAreRequested() {
        arrive("a", "b");
        end();

        assertThat(reader.got).isEmpty();
    }

    @Test
    void eachRequestGetsOneItemInOrderAndTheEndComesLast() {
        arrive("a", "b");
        end();
        List<Integer> sizes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            channel.read();
            sizes.add(reader.got.size());
        }

        assertThat(reader.got).containsExactly("a", "b", "end");
        assertThat(sizes).containsExactly(1, 2, 3, 3);
    }

    @Test
    void requestedBytesAreDeliveredWhenTheyArrive() {
        channel.read();
        assertThat(kernel.asked).isEqualTo(1);

        arrive("a", "b");

        assertThat(reader.got).containsExactly("a");
    }

    @Test
    void aRequestedEndIsDeliveredAtOnce() {
        channel.read();
        end();

        assertThat(reader.got).containsExactly("end");
    }

    @Test
    void theChannelIsReadOnlyWhenTheBufferIsEmpty() {
        arrive("a");
        channel.read();
        assertThat(kernel.asked).isZero();

        channel.read();
        assertThat(kernel.asked).isEqualTo(1);
    }

    @Test
    void theChannelIsReadAgainAfterAnEmptyRead() {
        channel.read();
        channel.pipeline().fireChannelReadComplete();

        assertThat(kernel.asked).isEqualTo(2);
    }

    @Test
    void theChannelIsNotReadAfterTheEnd() {
        channel.read();
        end();
        channel.read();
        channel.pipeline().fireChannelReadComplete();

        assertThat(kernel.asked).isEqualTo(1);
    }

    @Test
    void aRequestDuringDeliveryIsServedByTheSameLoop() {
        reader.greedy = true;
        List<String> many = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            many.add(String.valueOf(i));
        }
        arrive(many.toArray(String[]::new));

        channel.read();

        assertThat(reader.got).isEqualTo(many);
        assertThat(kernel.asked).isEqualTo(1);
    }

    @Test
    void returnedBytesAreDeliveredFirst() {
        arrive("c");
        inbox.giveBack(bytes("b"));
        channel.read();
        channel.read();

        assertThat(reader.got).containsExactly("b", "c");
    }

    @Test
    void anEmptyRestIsReleasedAndNotDelivered() {
        ByteBuf rest = bytes("x").skipBytes(1);

        inbox.giveBack(rest);
        channel.read();

        assertThat(rest.refCnt()).isZero();
        assertThat(reader.got).isEmpty();
    }

    @Test
    void otherEventsPassAtOnce() {
        arrive("a");
        channel.pipeline().fireUserEventTriggered("other");

        assertThat(reader.got).containsExactly("other");
    }

    @Test
    void aReadWhileTheConnectionClosesGetsNothingMore() {
        arrive("a");
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelInactive(ChannelHandlerContext context) {
                context.read();
            }
        });

        channel.close();

        assertThat(reader.got).isEmpty();
    }

    @Test
    void unreadBuffersAreReleasedWhenTheConnectionCloses() {
        ByteBuf unread = bytes("a");
        channel.pipeline().fireChannelRead(unread);

        channel.close();

        assertThat(unread.refCnt()).isZero();
    }

    @Test
    void unreadBuffersAreReleasedWhenTheInboxIsRemoved() {
        ByteBuf unread = bytes("a");
        channel.pipeline().fireChannelRead(unread);

        channel.pipeline().remove(inbox);

        assertThat(unread.refCnt()).isZero();
    }
}
