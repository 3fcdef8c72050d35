package dev.throughline.admin;

import java.util.function.Supplier;

/** One thing that can be read: a path, its media type, and its text at the moment of asking. */
record Page(String path, String mediaType, Supplier<Answer> content) {
    /** @param status an HTTP status code */
    record Answer(int status, String text) {
        static Answer ok(String text) {
            return new Answer(200, text);
        }
    }
}
