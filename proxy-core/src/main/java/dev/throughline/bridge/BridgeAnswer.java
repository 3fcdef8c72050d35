package dev.throughline.bridge;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.header.Bytes;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** What a hop answers to a flow that was handed over, before any byte of it (BRIDGE.md, "Answer"). */
public sealed interface BridgeAnswer {
    /** What every answer begins with: magic, version, code, length. */
    int PREFIX_BYTES = 6;

    /** The longest content of an answer, so that an agent needs no more memory for one. */
    int MAX_CONTENT_BYTES = 256;

    /** The version that is written here. */
    int VERSION = 1;

    /** The connection onwards stands; what follows are the flow's bytes. */
    record Connected() implements BridgeAnswer {}

    /**
     * The flow is over before it began; nothing follows.
     *
     * @param reason the hop's close reason, such as {@code connect-refused}: 1 to 64 lower-case letters, digits and hyphens,
     *     beginning with a letter
     */
    record Failed(String reason) implements BridgeAnswer {
        private static final Pattern FORM = Pattern.compile("[a-z][a-z0-9-]{0,63}");

        /**
         * Checks the reason's form.
         *
         * @throws IllegalArgumentException for another
         */
        public Failed {
            checkArgument(isReason(reason), "\"%s\" is no close reason", reason);
        }

        private static boolean isReason(String text) {
            return FORM.matcher(text).matches();
        }
    }

    /**
     * News of a later version, which an agent that doesn't know it passes over: another answer follows.
     *
     * @param code {@code 80} to {@code FF}
     * @param content at most {@value #MAX_CONTENT_BYTES} bytes
     */
    record News(int code, Bytes content) implements BridgeAnswer {
        /**
         * Checks both.
         *
         * @throws IllegalArgumentException for another code, or more content
         */
        public News {
            checkArgument(code >= NEWS && code <= 0xFF, "news have a code from 80 to ff: %s", code);
            checkArgument(content.length() <= MAX_CONTENT_BYTES, "an answer is short: %s bytes", content.length());
        }
    }

    /** What came of the bytes that have arrived so far. */
    sealed interface Read {
        /**
         * So far so good.
         *
         * @param total how many bytes from the start of the answer it takes at least
         */
        record NeedMore(int total) implements Read {}

        /**
         * All of an answer is here.
         *
         * @param answer what the hop says
         * @param length how many bytes it took; what follows them isn't part of it
         */
        record Complete(BridgeAnswer answer, int length) implements Read {}

        /**
         * No answer of a hop.
         *
         * @param offset in bytes from its start
         * @param problem what was found and what was expected
         */
        record Malformed(int offset, String problem) implements Read {}
    }

    /** The first code of news. */
    int NEWS = 0x80;

    /** {@return all bytes of it} */
    default Bytes encode() {
        return switch (this) {
            case Connected connected -> encode(0, Bytes.EMPTY);
            case Failed(String reason) -> encode(1, Bytes.wrap(reason.getBytes(StandardCharsets.US_ASCII)));
            case News(int code, Bytes content) -> encode(code, content);
        };
    }

    private static Bytes encode(int code, Bytes content) {
        ByteBuffer out = ByteBuffer.allocate(PREFIX_BYTES + content.length());
        out.put((byte) 0x49)
                .put((byte) 0x42)
                .put((byte) VERSION)
                .put((byte) code)
                .putShort((short) content.length());
        out.put(content.toByteArray());
        return Bytes.wrap(out.array());
    }

    /**
     * Reads an answer, as far as it has arrived. Prefix and the first two codes are the same in every version, so that an
     * agent can tell from a later hop what became of its flow.
     *
     * @param bytes begin where the answer begins
     * @return complete, malformed, or how many bytes it takes
     */
    static Read read(Bytes bytes) {
        if ((bytes.length() > 0 && bytes.at(0) != 0x49) || (bytes.length() > 1 && bytes.at(1) != 0x42)) {
            return new Read.Malformed(bytes.at(0) != 0x49 ? 0 : 1, "an answer begins with 49 42");
        }
        if (bytes.length() < PREFIX_BYTES) {
            return new Read.NeedMore(PREFIX_BYTES);
        }
        int code = bytes.at(3);
        int length = bytes.at(4) << 8 | bytes.at(5);
        if (bytes.at(2) == 0) {
            return new Read.Malformed(2, "there is no version 0");
        }
        if (code > 1 && code < NEWS) {
            return new Read.Malformed(3, "answer " + code + " isn't known to this version");
        }
        if (length > MAX_CONTENT_BYTES || (code == 0 && length > 0)) {
            return new Read.Malformed(4, "answer " + code + " with " + length + " bytes of content");
        }
        if (bytes.length() < PREFIX_BYTES + length) {
            return new Read.NeedMore(PREFIX_BYTES + length);
        }
        Bytes content = bytes.part(PREFIX_BYTES, length);
        if (code == 0) {
            return new Read.Complete(new Connected(), PREFIX_BYTES);
        }
        if (code >= NEWS) {
            return new Read.Complete(new News(code, content), PREFIX_BYTES + length);
        }
        String reason = content.isAscii() ? content.toUtf8() : "";
        return Failed.isReason(reason)
                ? new Read.Complete(new Failed(reason), PREFIX_BYTES + length)
                : new Read.Malformed(PREFIX_BYTES, "the reason is no close reason");
    }
}
