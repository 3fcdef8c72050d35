package dev.throughline.bridge;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import java.nio.ByteBuffer;

/**
 * An answer before any byte of a flow: of a hop to a flow that was handed over, or of an agent to a request (BRIDGE.md,
 * "Answer" and "Opening").
 */
public sealed interface BridgeAnswer {
    /** Size of the prefix of every answer: magic, version, code, length. */
    int PREFIX_BYTES = 6;

    /** Maximum size of an answer's content, which bounds the memory of the reader. */
    int MAX_CONTENT_BYTES = 256;

    /** The version that this library writes. */
    int VERSION = 1;

    /** The upstream connection is open; the flow's bytes follow. */
    record Connected() implements BridgeAnswer {}

    /**
     * The flow failed; nothing follows.
     *
     * @param reason a close reason such as {@code connect-refused}: 1 to 64 lower-case letters, digits and hyphens, starting
     *     with a letter
     */
    record Failed(String reason) implements BridgeAnswer {
        /**
         * Checks the form of the reason.
         *
         * @throws IllegalArgumentException for another form
         */
        public Failed {
            Reason.check(reason);
        }
    }

    /** An interim message; another answer follows. */
    sealed interface AgentNotice extends BridgeAnswer {
        /**
         * The connection is being opened and may still fail.
         *
         * @param reason why it waits, in the form of a close reason
         */
        record Waiting(String reason) implements AgentNotice {
            /**
             * Checks the form of the reason.
             *
             * @throws IllegalArgumentException for another form
             */
            public Waiting {
                Reason.check(reason);
            }
        }

        /**
         * The connection limit of the agent's process, with its current use.
         *
         * @param capacity maximum number of connections; 0 for no limit
         * @param inUse connections of all hops, including those that wait; the last may exceed the capacity
         * @param waiting number of these that wait
         */
        record Limits(long capacity, long inUse, long waiting) implements AgentNotice {
            private static final int BYTES = 12;

            /**
             * Checks the ranges.
             *
             * @throws IllegalArgumentException for a number of more than 32 bits, or more waiting than in use
             */
            public Limits {
                checkArgument(
                        isUnsigned(capacity) && isUnsigned(inUse) && isUnsigned(waiting),
                        "limits are numbers of 32 bits: %s, %s, %s",
                        capacity,
                        inUse,
                        waiting);
                checkArgument(waiting <= inUse, "%s wait, of %s in use", waiting, inUse);
            }

            private static boolean isUnsigned(long number) {
                return number >= 0 && number <= 0xFFFF_FFFFL;
            }

            private Bytes content() {
                return Bytes.wrap(ByteBuffer.allocate(BYTES)
                        .putInt((int) capacity)
                        .putInt((int) inUse)
                        .putInt((int) waiting)
                        .array());
            }
        }

        /** The system tells the next agent of this host which process opened the flow. */
        record Carried() implements AgentNotice {}

        /**
         * The addresses of the new connection, which only the agent's system knows.
         *
         * @param connection TCP: its own address and the address of its peer
         */
        record Addresses(Tuple connection) implements AgentNotice {
            /**
             * Checks that it is TCP.
             *
             * @throws IllegalArgumentException if not
             */
            public Addresses {
                checkArgument(connection.transport().isTcp(), "an agent opens TCP, not %s", connection.transport());
            }
        }

        /**
         * A notice of a later version, ignored by readers that don't know it.
         *
         * @param code {@code 84} to {@code FF}
         * @param content at most {@value BridgeAnswer#MAX_CONTENT_BYTES} bytes
         */
        record Unknown(int code, Bytes content) implements AgentNotice {
            /**
             * Checks the ranges.
             *
             * @throws IllegalArgumentException for another code, or too much content
             */
            public Unknown {
                checkArgument(code > ADDRESSES && code <= 0xFF, "unknown news have a code from 84 to ff: %s", code);
                checkArgument(content.length() <= MAX_CONTENT_BYTES, "an answer is short: %s bytes", content.length());
            }
        }
    }

    /** The result of reading the bytes received so far. */
    sealed interface Read {
        /**
         * The answer is incomplete and valid so far.
         *
         * @param total number of bytes from the start of the answer that are needed at least
         */
        record NeedMore(int total) implements Read {}

        /**
         * The answer is complete.
         *
         * @param answer the answer
         * @param length number of bytes read; bytes after them aren't part of it
         */
        record Complete(BridgeAnswer answer, int length) implements Read {}

        /**
         * The bytes are no valid answer.
         *
         * @param offset in bytes from the start of the answer
         * @param problem what was found and what was expected
         */
        record Malformed(int offset, String problem) implements Read {}
    }

    /** The first code of notices, and that of {@link AgentNotice.Waiting}. */
    int NEWS = 0x80;

    /** The code of {@link AgentNotice.Limits}. */
    int LIMITS = 0x81;

    /** The code of {@link AgentNotice.Carried}. */
    int CARRIED = 0x82;

    /** The code of {@link AgentNotice.Addresses}. */
    int ADDRESSES = 0x83;

    /** {@return the encoded answer} */
    default Bytes encode() {
        return switch (this) {
            case Connected connected -> encode(0, Bytes.EMPTY);
            case Failed(String reason) -> encode(1, Reason.bytes(reason));
            case AgentNotice.Waiting(String reason) -> encode(NEWS, Reason.bytes(reason));
            case AgentNotice.Limits limits -> encode(LIMITS, limits.content());
            case AgentNotice.Carried carried -> encode(CARRIED, Bytes.EMPTY);
            case AgentNotice.Addresses addresses -> encode(ADDRESSES, AddressBlock.bytes(addresses.connection()));
            case AgentNotice.Unknown(int code, Bytes content) -> encode(code, content);
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
     * Reads an answer from the bytes received so far. The prefix and the codes that this version knows are the same in every
     * version: so an agent understands the result from a later hop, and a hop that from a later agent.
     *
     * @param bytes from the start of the answer
     * @return complete, malformed, or the number of bytes needed
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
        if (!isLength(code, length)) {
            return new Read.Malformed(4, "answer " + code + " with " + length + " bytes of content");
        }
        if (bytes.length() < PREFIX_BYTES + length) {
            return new Read.NeedMore(PREFIX_BYTES + length);
        }
        return content(code, bytes.part(PREFIX_BYTES, length));
    }

    private static boolean isLength(int code, int length) {
        return switch (code) {
            case 0, CARRIED -> length == 0;
            case LIMITS -> length == AgentNotice.Limits.BYTES;
            case ADDRESSES -> AddressBlock.isLength(length);
            default -> length <= MAX_CONTENT_BYTES;
        };
    }

    private static Read content(int code, Bytes content) {
        if (code == 1 || code == NEWS) {
            return Reason.of(content)
                    .map(reason -> complete(code == 1 ? new Failed(reason) : new AgentNotice.Waiting(reason), content))
                    .orElseGet(() -> new Read.Malformed(PREFIX_BYTES, "the reason is no close reason"));
        }
        if (code == LIMITS) {
            ByteBuffer in = ByteBuffer.wrap(content.toByteArray());
            long capacity = Integer.toUnsignedLong(in.getInt());
            long inUse = Integer.toUnsignedLong(in.getInt());
            long waiting = Integer.toUnsignedLong(in.getInt());
            return waiting <= inUse
                    ? complete(new AgentNotice.Limits(capacity, inUse, waiting), content)
                    : new Read.Malformed(PREFIX_BYTES + 2 * Integer.BYTES, waiting + " wait, of " + inUse + " in use");
        }
        if (code == ADDRESSES) {
            return addresses(content);
        }
        return complete(
                switch (code) {
                    case 0 -> new Connected();
                    case CARRIED -> new AgentNotice.Carried();
                    default -> new AgentNotice.Unknown(code, content);
                },
                content);
    }

    private static Read addresses(Bytes content) {
        return switch (AddressBlock.read(content)) {
            case AddressBlock.Read.Found(Tuple connection) -> complete(new AgentNotice.Addresses(connection), content);
            case AddressBlock.Read.Malformed(int offset, String problem) ->
                new Read.Malformed(PREFIX_BYTES + offset, problem);
        };
    }

    private static Read complete(BridgeAnswer answer, Bytes content) {
        return new Read.Complete(answer, PREFIX_BYTES + content.length());
    }
}
