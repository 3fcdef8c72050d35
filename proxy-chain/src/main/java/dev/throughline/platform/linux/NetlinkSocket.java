package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * A netlink(7) socket for requests and responses, one request at a time. Not thread-safe.
 *
 * <p>The socket is connected to the kernel (port id 0), so no other process can send a response. A response is accepted
 * only with the sequence number of its request; otherwise a late response could answer the request of the next flow.
 * Waiting ends after {@link #TIMEOUT_MICROS} with EAGAIN.
 */
final class NetlinkSocket implements AutoCloseable {
    static final int ROUTE = 0;
    static final int SOCK_DIAG = 4;
    static final int NETFILTER = 12;

    /** The kernel's response. */
    sealed interface Answer {
        /** The body of the message in native byte order, valid until the next request. */
        record Message(ByteBuffer body) implements Answer {}

        record Refused(int errno) implements Answer {}
    }

    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int MSG_TRUNC = 0x20;
    private static final short NLM_F_REQUEST = 1;
    private static final short NLM_F_ACK = 4;
    private static final short NLM_F_DUMP = 0x300;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int HEADER_BYTES = 16;
    private static final int BUFFER_BYTES = 8192;
    /**
     * The kernel responds within send(2). 100 ms allows for a host that swaps, and is short enough for an event loop.
     */
    private static final long TIMEOUT_MICROS = 100_000;
    /** Only requests that timed out leave stale responses, so there are few. */
    private static final int MAX_DATAGRAMS = 32;

    private final Libc libc;
    private final int fd;
    private final MemorySegment memory;
    private final ByteBuffer buffer;
    private int sequence;
    private boolean closed;

    private NetlinkSocket(Libc libc, int fd, MemorySegment memory) {
        this.libc = libc;
        this.fd = fd;
        this.memory = memory;
        this.buffer = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    static NetlinkSocket open(int protocol) throws OsException {
        Libc libc = new Libc();
        int fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
        if (fd < 0) {
            throw libc.failure("socket(AF_NETLINK)");
        }
        MemorySegment memory = Arena.ofAuto().allocate(BUFFER_BYTES, 8);
        memory.set(JAVA_LONG, 8, TIMEOUT_MICROS);
        if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, memory, 16) != 0) {
            throw closing(libc, fd, "setsockopt(SO_RCVTIMEO)");
        }
        memory.fill((byte) 0).set(JAVA_SHORT, 0, (short) AF_NETLINK);
        if (libc.connect(fd, memory, 12) != 0) {
            throw closing(libc, fd, "connect(AF_NETLINK)");
        }
        return new NetlinkSocket(libc, fd, memory);
    }

    /**
     * Opens a non-blocking socket for notifications to {@code groups} (bits of RTMGRP_* or NFNLGRP_*).
     *
     * @return its descriptor
     */
    static int subscribe(Libc libc, int protocol, int groups) throws OsException {
        int fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC | SOCK_NONBLOCK, protocol);
        if (fd < 0) {
            throw libc.failure("socket(AF_NETLINK)");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(12, 4);
            address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
            address.set(JAVA_INT, 8, groups);
            if (libc.bind(fd, address, 12) != 0) {
                throw closing(libc, fd, "bind(AF_NETLINK)");
            }
        }
        return fd;
    }

    private static OsException closing(Libc libc, int fd, String call) {
        OsException failure = libc.failure(call);
        libc.close(fd);
        return failure;
    }

    /**
     * Sends {@code body} as one request of {@code type} and waits for the message of {@code answerType}.
     *
     * @throws OsException if it could not be sent, or no well-formed answer came in time
     */
    Answer request(String call, int type, int answerType, ByteBuffer body) throws OsException {
        return answer(call, answerType, exchange(call, type, NLM_F_REQUEST, body));
    }

    /**
     * Sends {@code body} as one request of {@code type} and waits for the acknowledgement.
     *
     * @return 0 or the error number
     * @throws OsException if it could not be sent, or no well-formed answer came in time
     */
    int command(String call, int type, ByteBuffer body) throws OsException {
        int received = exchange(call, type, (short) (NLM_F_REQUEST | NLM_F_ACK), body);
        if (received < HEADER_BYTES + 4 || Short.toUnsignedInt(buffer.getShort(4)) != NLMSG_ERROR) {
            throw new OsException(call, Errno.EBADMSG);
        }
        return -buffer.getInt(HEADER_BYTES);
    }

    /**
     * Sends {@code body} as one request of {@code type} for all matching objects.
     *
     * @param found gets the body of each message of {@code answerType}, in native byte order
     * @throws OsException if the request could not be sent or was rejected, or no well-formed answer came in time
     */
    void dump(String call, int type, int answerType, ByteBuffer body, Consumer<ByteBuffer> found) throws OsException {
        int received = exchange(call, type, (short) (NLM_F_REQUEST | NLM_F_DUMP), body);
        while (true) {
            int at = 0;
            while (at + HEADER_BYTES <= received) {
                int length = buffer.getInt(at);
                int messageType = Short.toUnsignedInt(buffer.getShort(at + 4));
                if (length < HEADER_BYTES || length > received - at) {
                    throw new OsException(call, Errno.EBADMSG);
                }
                if (messageType == NLMSG_DONE) {
                    return;
                }
                if (messageType == NLMSG_ERROR) {
                    throw new OsException(
                            call, length < HEADER_BYTES + 4 ? Errno.EBADMSG : -buffer.getInt(at + HEADER_BYTES));
                }
                if (messageType == answerType) {
                    byte[] message = new byte[length - HEADER_BYTES];
                    buffer.get(at + HEADER_BYTES, message);
                    found.accept(ByteBuffer.wrap(message).order(ByteOrder.nativeOrder()));
                }
                at += (length + 3) & ~3;
            }
            received = receive(call);
        }
    }

    /** Receives the response into the buffer and returns its length. */
    private int exchange(String call, int type, short flags, ByteBuffer body) throws OsException {
        if (closed) {
            throw new OsException(call, Errno.EBADF);
        }
        int length = HEADER_BYTES + body.remaining();
        sequence++;
        buffer.clear();
        buffer.putInt(length).putShort((short) type).putShort(flags);
        buffer.putInt(sequence).putInt(0).put(body);
        while (libc.send(fd, memory, length, 0) < 0) {
            if (libc.errno() != Errno.EINTR) {
                throw libc.failure(call);
            }
        }
        return receive(call);
    }

    private int receive(String call) throws OsException {
        for (int i = 0; i < MAX_DATAGRAMS; i++) {
            long received = libc.recv(fd, memory, BUFFER_BYTES, MSG_TRUNC);
            if (received < 0 && libc.errno() != Errno.EINTR) {
                throw libc.failure(call);
            }
            if (received > BUFFER_BYTES) {
                throw new OsException(call, Errno.EMSGSIZE);
            }
            if (received >= HEADER_BYTES && buffer.getInt(8) == sequence) {
                return (int) received;
            }
        }
        throw new OsException(call, Errno.EAGAIN);
    }

    /** Reads the response to a request that isn't a dump: it is in the first message of the datagram. */
    private Answer answer(String call, int answerType, int received) throws OsException {
        int length = buffer.getInt(0);
        int type = Short.toUnsignedInt(buffer.getShort(4));
        if (length < HEADER_BYTES + 4 || length > received) {
            throw new OsException(call, Errno.EBADMSG);
        }
        if (type == NLMSG_ERROR && buffer.getInt(HEADER_BYTES) != 0) {
            return new Answer.Refused(-buffer.getInt(HEADER_BYTES));
        }
        if (type != answerType) {
            throw new OsException(call, Errno.EBADMSG);
        }
        return new Answer.Message(
                buffer.slice(HEADER_BYTES, length - HEADER_BYTES).order(ByteOrder.nativeOrder()));
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            libc.close(fd);
        }
    }
}
