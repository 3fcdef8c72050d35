package dev.throughline.cli;

import com.google.common.base.CharMatcher;
import dev.throughline.config.IoErrorText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A captured header in raw, hex or base64 form, from a file, standard input or the command line. */
final class HeaderArgument {
    private static final byte[] SIGNATURE_START = {0x0d, 0x0a, 0x0d, 0x0a};
    private static final String BYTE_ORDER_MARK = "\uFEFF";
    private static final int MOST_BYTES = 1 << 20;
    /** Longest part of an argument in a message: an argument may be a whole header. */
    private static final int SHOWN = 100;

    private HeaderArgument() {}

    /**
     * Reads a header.
     *
     * @param argument a file, {@code -} for standard input, or the header itself as hex or base64
     */
    static byte[] read(String argument) {
        if (argument.equals("-")) {
            return bytes(standardInput(), "standard input:");
        }
        Path file = asFile(argument);
        if (file == null) {
            return bytes(argument.getBytes(StandardCharsets.UTF_8), abbreviated(argument) + ": no such file, and");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return bytes(in.readNBytes(MOST_BYTES), file + ":");
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, file + ": can't be read: " + IoErrorText.of(e));
        }
    }

    private static String abbreviated(String argument) {
        return argument.length() > SHOWN ? argument.substring(0, SHOWN) + "…" : argument;
    }

    private static byte[] standardInput() {
        try {
            return System.in.readNBytes(MOST_BYTES);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "standard input: can't be read: " + IoErrorText.of(e));
        }
    }

    private static @Nullable Path asFile(String argument) {
        // An argument this long can't be a file name, so it is a header.
        if (argument.length() > 255 && !argument.contains("/")) {
            return null;
        }
        try {
            Path file = Path.of(argument);
            return Files.exists(file) ? file : null;
        } catch (java.nio.file.InvalidPathException e) {
            return null;
        }
    }

    private static byte[] bytes(byte[] content, String whose) {
        if (content.length == 0) {
            throw new CommandFailure(ExitCode.USAGE, whose + " empty");
        }
        if (startsAsHeader(content)) {
            return content;
        }
        String given = new String(content, StandardCharsets.UTF_8);
        String text = CharMatcher.whitespace().or(CharMatcher.is(':')).removeFrom(given);
        return Stream.<Function<String, byte[]>>of(HexFormat.of()::parseHex, Base64.getDecoder()::decode)
                .flatMap(form -> decoded(form, text))
                .filter(HeaderArgument::startsAsHeader)
                .findFirst()
                .orElseThrow(() -> new CommandFailure(
                        ExitCode.USAGE,
                        whose
                                + " not a PROXY v2 header: expected the bytes 0d 0a 0d 0a first, raw, as hex or as base64"
                                + instead(given)));
    }

    private static String instead(String given) {
        if (given.stripLeading().startsWith("PROXY")) {
            return ", found a PROXY v1 header, which is never signed";
        }
        return given.startsWith(BYTE_ORDER_MARK) ? ", found a byte order mark (U+FEFF): save the file without it" : "";
    }

    private static Stream<byte[]> decoded(Function<String, byte[]> form, String text) {
        try {
            return Stream.of(form.apply(text));
        } catch (IllegalArgumentException e) {
            return Stream.empty();
        }
    }

    /** Compares only the bytes that exist, since a captured header may be truncated anywhere. */
    private static boolean startsAsHeader(byte[] content) {
        int length = Math.min(content.length, SIGNATURE_START.length);
        return length > 0 && Arrays.equals(content, 0, length, SIGNATURE_START, 0, length);
    }
}
