package dev.throughline.admin;

import io.netty.handler.codec.http.HttpMethod;
import java.util.function.Supplier;

/**
 * One thing that can be read or, by POST, done: a path, its media type, and its text at the moment of asking.
 *
 * @param method GET for what only tells, POST for what changes something
 */
record Page(HttpMethod method, String path, String mediaType, Supplier<Answer> content) {
    /** A page that only tells. */
    Page(String path, String mediaType, Supplier<Answer> content) {
        this(HttpMethod.GET, path, mediaType, content);
    }

    /** @param status an HTTP status code */
    record Answer(int status, String text) {
        static Answer ok(String text) {
            return new Answer(200, text);
        }
    }
}
