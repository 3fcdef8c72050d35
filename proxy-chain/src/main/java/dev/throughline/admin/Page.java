package dev.throughline.admin;

import io.netty.handler.codec.http.HttpMethod;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A resource of the admin interface: its path, media type and content at the time of the request.
 *
 * @param method GET to read, POST to change something
 */
record Page(HttpMethod method, String path, String mediaType, Content content) {
    /** Returns a page for GET that responds synchronously. */
    Page(String path, String mediaType, Supplier<Answer> content) {
        this(HttpMethod.GET, path, mediaType, content);
    }

    /** Returns a page that responds synchronously. */
    Page(HttpMethod method, String path, String mediaType, Supplier<Answer> content) {
        this(method, path, mediaType, parameters -> CompletableFuture.completedFuture(content.get()));
    }

    /** The handler of a page. */
    interface Content {
        /**
         * Returns the response.
         *
         * @param parameters query parameters with their values
         */
        CompletableFuture<Answer> of(Map<String, List<String>> parameters);
    }

    /** @param status an HTTP status code */
    record Answer(int status, String text) {
        static Answer ok(String text) {
            return new Answer(200, text);
        }
    }
}
