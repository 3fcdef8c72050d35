package dev.throughline.originator;

import static com.google.common.base.Preconditions.checkArgument;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.regex.Pattern;

/** The name of a hop or a host, and the 64-bit id that represents it on the wire. */
final class Name {
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private Name() {}

    static String check(String name) {
        checkArgument(
                FORM.matcher(name).matches(),
                "\"%s\" is not a name: expected 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit",
                PlainText.visible(name));
        return name;
    }

    /**
     * Returns the first 8 bytes of SHA-256(context, zero byte, name). The context separates a host and a hop of the same name.
     */
    static long id(String context, String name) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update((context + "\0" + check(name)).getBytes(StandardCharsets.US_ASCII));
            return java.nio.ByteBuffer.wrap(sha256.digest()).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
