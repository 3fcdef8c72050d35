package dev.throughline.admin;

import io.netty.handler.codec.http.HttpMethod;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * One thing that can be read or, by POST, done: a path, its media type, and its text at the moment of asking.
 *
 * @param method GET for what only tells, POST for what changes something
 */
record Page(HttpMethod method, String path, String mediaType, Content content) {
    /** A page that only tells, at once. */
    Page(String path, String mediaType, Supplier<Answer> content) {
        this(HttpMethod.GET, path, mediaType, content);
    }

    /** A page that answers at once. */
    Page(HttpMethod method, String path, String mediaType, Supplier<Answer> content) {
        this(method, path, mediaType, parameters -> CompletableFuture.completedFuture(content.get()));
    }

    /** What answers. */
    interface Content {
        /**
         * The answer, now or later.
         *
         * @param parameters those of the query, each with its values
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
