package dev.throughline.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class PageHandlerTest {
    private int made;
    private final EmbeddedChannel connection = new EmbeddedChannel(
            new HttpServerCodec(),
            new HttpObjectAggregator(1024),
            new PageHandler(
                    List.of(new Page("/metrics", "text/plain", () -> Page.Answer.ok("page " + ++made))),
                    Optional.empty()));

    private void send(String text) {
        connection.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
    }

    private String answer() {
        ByteBuf answer = connection.readOutbound();
        try {
            return answer.toString(StandardCharsets.US_ASCII);
        } finally {
            answer.release();
        }
    }

    @Test
    void aPageIsMadeForARequest() {
        send("GET /metrics HTTP/1.1\r\n\r\n");
        assertThat(answer()).startsWith("HTTP/1.1 200 ").endsWith("page 1");
    }

    @Test
    @Tag("attack")
    void noPageIsRenderedForARequestThatEndsWithinItsHeaders() {
        send("GET /metrics HTTP/1.1\r\nHost: a");
        connection.close();
        assertThat(made).isZero();
    }

    @Test
    void aRequestThatCannotBeReadIsRefused() {
        send("GET /metrics HTTP/1.1\r\nA: " + "x".repeat(10_000) + "\r\n\r\n");
        assertThat(answer()).startsWith("HTTP/1.1 400 ").endsWith("incomplete HTTP request\n");
        assertThat(made).isZero();
    }
}
