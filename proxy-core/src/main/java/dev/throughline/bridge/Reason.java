package dev.throughline.bridge;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.header.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;

/** The form of a reason in an answer, that of close reasons: machine-readable, but still words. */
final class Reason {
    private static final Pattern FORM = Pattern.compile("[a-z][a-z0-9-]{0,63}");

    private Reason() {}

    static void check(String reason) {
        checkArgument(is(reason), "\"%s\" is no close reason", reason);
    }

    static Bytes bytes(String reason) {
        return Bytes.wrap(reason.getBytes(StandardCharsets.US_ASCII));
    }

    static Optional<String> of(Bytes content) {
        return content.isAscii() ? Optional.of(content.toUtf8()).filter(Reason::is) : Optional.empty();
    }

    private static boolean is(String text) {
        return FORM.matcher(text).matches();
    }
}
