package dev.throughline.admin;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** A Netty handler that serves pages, one request per connection. */
final class PageHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final ImmutableMap<String, Page> pages;
    private final Optional<HostHeaderCheck> askedHost;
    private boolean asked;

    PageHandler(List<Page> pages, Optional<HostHeaderCheck> askedHost) {
        this.pages = Maps.uniqueIndex(pages, Page::path);
        this.askedHost = askedHost;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        if (asked) {
            // The connection closes after the first response; pipelined requests are dropped.
            return;
        }
        asked = true;
        if (request.decoderResult().isFailure()) {
            // This includes requests that were cut off when the connection closed.
            answer(context, HttpResponseStatus.BAD_REQUEST, "text/plain", "incomplete HTTP request\n");
            return;
        }
        Optional<String> objection = askedHost.flatMap(host -> host.objection(request.headers()));
        if (objection.isPresent()) {
            answer(context, HttpResponseStatus.FORBIDDEN, "text/plain", objection.get() + "\n");
            return;
        }
        QueryStringDecoder uri = new QueryStringDecoder(request.uri());
        Page page = pages.get(uri.path());
        if (page == null) {
            answer(
                    context,
                    HttpResponseStatus.NOT_FOUND,
                    "text/plain",
                    "available pages: " + String.join(" ", pages.keySet()) + "\n");
        } else if (!request.method().equals(page.method())) {
            answer(context, HttpResponseStatus.METHOD_NOT_ALLOWED, "text/plain", page.method() + " only\n");
        } else {
            var _ = page.content().of(uri.parameters()).whenComplete((content, problem) -> {
                if (content == null) {
                    context.close();
                } else {
                    answer(context, HttpResponseStatus.valueOf(content.status()), page.mediaType(), content.text());
                }
            });
        }
    }

    private static void answer(
            ChannelHandlerContext context, HttpResponseStatus status, String mediaType, String text) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, mediaType)
                .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes())
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
