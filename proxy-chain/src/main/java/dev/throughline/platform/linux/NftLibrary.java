package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * nftables through libnftables(3), with one netlink socket that this object keeps open. The socket can own a table
 * (NFT_TABLE_F_OWNER, since Linux 5.12): then no other socket can change or flush it. With NFT_TABLE_F_PERSIST (since
 * Linux 6.9) the table stays as an orphan when the socket closes: any program can change it, and another socket can
 * claim it. Older versions of the library don't know these flags, so tables with them are created by a separate message
 * over the library's socket. Needs CAP_NET_ADMIN. Not thread-safe.
 */
public final class NftLibrary implements AutoCloseable {
    private static final String LIBRARY = "libnftables.so.1";
    /**
     * Output like {@code nft -s -n -t}: without counters, with numbers instead of names, without the elements of sets.
     */
    private static final int STATELESS_NUMERIC_TERSE = 1 << 2 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11;

    private static final int AF_NETLINK = 16;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PROTOCOL = 38;
    private static final int BATCH_BEGIN = 16;
    private static final int BATCH_END = 17;
    private static final short REQUEST = 1;
    private static final short REQUEST_CREATE_ACK = 1 | 4 | 0x400;
    private static final int NLMSG_ERROR = 2;
    private static final int HEADER_BYTES = 16;
    private static final int TABLE_USERDATA = 6;
    private static final int BUFFER_BYTES = 8192;
    private static final int ATTEMPTS = 10;

    private final Libc libc = new Libc();
    private final Functions functions;
    private final MemorySegment context;
    private final int fd;
    private boolean closed;

    private NftLibrary(Functions functions, MemorySegment context, int fd) {
        this.functions = functions;
        this.context = context;
        this.fd = fd;
    }

    /**
     * Loads the library and opens its socket in the network namespace of the calling thread.
     *
     * @throws IOException if the library isn't installed, or not as expected
     */
    public static NftLibrary open() throws IOException {
        Functions functions = Functions.load();
        for (int i = 0; i < ATTEMPTS; i++) {
            Set<String> before = sockets();
            MemorySegment context = functions.newContext();
            if (context.equals(MemorySegment.NULL)) {
                throw new IOException(LIBRARY + ": nft_ctx_new failed");
            }
            List<Integer> opened = new ArrayList<>();
            for (String socket : sockets()) {
                int number = Integer.parseInt(socket, 0, socket.indexOf(' '), 10);
                if (!before.contains(socket) && isNetfilter(number)) {
                    opened.add(number);
                }
            }
            if (opened.size() == 1) {
                functions.prepare(context, STATELESS_NUMERIC_TERSE);
                return new NftLibrary(functions, context, opened.getFirst());
            }
            // Another thread has opened such a socket meanwhile.
            functions.free(context);
        }
        throw new IOException(LIBRARY + ": its netlink socket was not found");
    }

    /** Returns the open sockets of this process, each as descriptor, space, inode. */
    private static Set<String> sockets() throws IOException {
        Set<String> found = new HashSet<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : (Iterable<Path>) descriptors::iterator) {
                try {
                    String target = Files.readSymbolicLink(descriptor).toString();
                    if (target.startsWith("socket:")) {
                        found.add(descriptor.getFileName() + " " + target);
                    }
                } catch (IOException e) {
                    // The descriptor was closed meanwhile.
                }
            }
        }
        return found;
    }

    private static boolean isNetfilter(int fd) {
        Libc libc = new Libc();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(16, 4);
            MemorySegment length = arena.allocateFrom(JAVA_INT, 16);
            if (libc.getsockname(fd, value, length) != 0 || value.get(JAVA_SHORT, 0) != AF_NETLINK) {
                return false;
            }
            length.set(JAVA_INT, 0, 4);
            return libc.getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, value, length) == 0
                    && value.get(JAVA_INT, 0) == NetlinkSocket.NETFILTER;
        }
    }

    /**
     * Runs nft commands, one per line, as one transaction.
     *
     * @return their output
     * @throws IOException with the library's message
     */
    public String run(String commands) throws IOException {
        checkOpen();
        return functions.run(context, commands);
    }

    /**
     * Creates the empty table {@code inet NAME} with this object as owner, or claims it if it is an orphan. Does
     * nothing if this object owns it already.
     *
     * @param persist whether the table stays when this object is closed or this process ends
     * @throws OsException with EOPNOTSUPP or EINVAL if the kernel doesn't support such tables or the table has no
     *     owner, with EPERM if it belongs to another socket
     */
    public void own(String name, String comment, boolean persist) throws IOException {
        checkOpen();
        ByteBuffer batch = ByteBuffer.allocate(1024).order(ByteOrder.nativeOrder());
        message(batch, BATCH_BEGIN, REQUEST, 0, NftTables.SUBSYSTEM, new byte[0]);
        ByteBuffer table = ByteBuffer.allocate(900).order(ByteOrder.nativeOrder());
        Attributes.put(table, NftTables.TABLE_NAME, (name + '\0').getBytes(StandardCharsets.US_ASCII));
        int flags = NftTables.OWNER | (persist ? NftTables.PERSIST : 0);
        Attributes.put(
                table,
                NftTables.TABLE_FLAGS,
                ByteBuffer.allocate(4).putInt(flags).array());
        Attributes.put(table, TABLE_USERDATA, userData(comment));
        byte[] attributes = new byte[table.position()];
        table.get(0, attributes);
        message(batch, NftTables.NEW_TABLE, REQUEST_CREATE_ACK, NftTables.NFPROTO_INET, 0, attributes);
        message(batch, BATCH_END, REQUEST, 0, NftTables.SUBSYSTEM, new byte[0]);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(BUFFER_BYTES, 8);
            memory.asByteBuffer().put(batch.flip());
            if (libc.send(fd, memory, batch.limit(), 0) < 0) {
                throw libc.failure("nft add table");
            }
            int errno = answers(memory);
            if (errno != 0) {
                throw new OsException("nft add table", errno);
            }
        }
    }

    /** Reads the responses; the kernel has sent them within send(2). */
    private int answers(MemorySegment memory) throws OsException {
        ByteBuffer buffer = memory.asByteBuffer().order(ByteOrder.nativeOrder());
        int errno = 0;
        boolean answered = false;
        while (true) {
            long received = libc.recv(fd, memory, BUFFER_BYTES, 0);
            if (received < 0) {
                if (libc.errno() == Errno.EINTR) {
                    continue;
                }
                if (!answered) {
                    throw libc.failure("nft add table");
                }
                return errno;
            }
            if (received >= HEADER_BYTES + 4 && Short.toUnsignedInt(buffer.getShort(4)) == NLMSG_ERROR) {
                answered = true;
                errno = errno == 0 ? -buffer.getInt(HEADER_BYTES) : errno;
            }
        }
    }

    /** Writes a message. nftables messages are in native byte order except res_id, which is big-endian. */
    private static void message(ByteBuffer batch, int type, short flags, int family, int resource, byte[] attributes) {
        int sequence = batch.position();
        batch.putInt(HEADER_BYTES + 4 + attributes.length)
                .putShort((short) type)
                .putShort(flags);
        batch.putInt(sequence).putInt(0);
        batch.put((byte) family).put((byte) 0).put((byte) (resource >> 8)).put((byte) resource);
        batch.put(attributes);
    }

    /** Returns nft's encoding of a comment: type 0, length, text. */
    private static byte[] userData(String comment) {
        byte[] text = (comment + '\0').getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(2 + text.length)
                .put((byte) 0)
                .put((byte) text.length)
                .put(text)
                .array();
    }

    /**
     * Returns the socket's port id, which identifies the owner in {@link NftTables.Table}.
     *
     * @throws OsException if the kernel can't be queried
     */
    public int port() throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(12, 4);
            MemorySegment length = arena.allocateFrom(JAVA_INT, 12);
            if (libc.getsockname(fd, address, length) != 0) {
                throw libc.failure("getsockname(AF_NETLINK)");
            }
            return address.get(JAVA_INT, 4);
        }
    }

    private void checkOpen() throws IOException {
        if (closed) {
            throw new IOException("nftables: closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            functions.free(context);
        }
    }

    /** The library's functions. */
    private static final class Functions {
        private final MemorySegment newContext;
        private final MemorySegment free;
        private final MemorySegment bufferOutput;
        private final MemorySegment bufferError;
        private final MemorySegment output;
        private final MemorySegment error;
        private final MemorySegment setFlags;
        private final MemorySegment run;

        private Functions(SymbolLookup library) {
            newContext = library.findOrThrow("nft_ctx_new");
            free = library.findOrThrow("nft_ctx_free");
            bufferOutput = library.findOrThrow("nft_ctx_buffer_output");
            bufferError = library.findOrThrow("nft_ctx_buffer_error");
            output = library.findOrThrow("nft_ctx_get_output_buffer");
            error = library.findOrThrow("nft_ctx_get_error_buffer");
            setFlags = library.findOrThrow("nft_ctx_output_set_flags");
            run = library.findOrThrow("nft_run_cmd_from_buffer");
        }

        static Functions load() throws IOException {
            try {
                return new Functions(SymbolLookup.libraryLookup(LIBRARY, Arena.global()));
            } catch (IllegalArgumentException | java.util.NoSuchElementException e) {
                throw new IOException(LIBRARY + " can't be loaded: " + e.getMessage(), e);
            }
        }

        MemorySegment newContext() {
            return MemorySegment.ofAddress(new Libc().call(newContext, Libc.word(0)));
        }

        void prepare(MemorySegment context, int flags) throws IOException {
            Libc libc = new Libc();
            int failed = (int) libc.call(bufferOutput, context) | (int) libc.call(bufferError, context);
            libc.call(setFlags, context, Libc.word(flags));
            if (failed != 0) {
                free(context);
                throw new IOException(LIBRARY + ": no memory for its output");
            }
        }

        void free(MemorySegment context) {
            new Libc().call(free, context);
        }

        String run(MemorySegment context, String commands) throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                Libc libc = new Libc();
                int result = (int) libc.call(run, context, arena.allocateFrom(commands));
                // Reading a buffer clears it.
                String printed = text(libc.call(output, context));
                String wrong = text(libc.call(error, context));
                if (result != 0) {
                    throw new IOException("nft: " + wrong.strip() + Capability.hint(wrong));
                }
                return printed;
            }
        }

        private static String text(long address) {
            return MemorySegment.ofAddress(address).reinterpret(Long.MAX_VALUE).getString(0);
        }
    }
}
