package dev.throughline.platform.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Cheap queries to nftables (linux/netfilter/nf_tables.h), in the network namespace of the thread that opened it. Needs
 * CAP_NET_ADMIN. Not thread-safe.
 */
public final class NftTables implements AutoCloseable {
    /**
     * A table of the family {@code inet}.
     *
     * @param flags NFT_TABLE_F_*
     * @param owner port id of the netlink socket that owns it, or 0
     */
    public record Table(int flags, int owner) {
        /** Returns whether only its owner can change it. */
        public boolean isOwned() {
            return (flags & OWNER) != 0;
        }

        /** Returns whether its owner is gone: it can be claimed, and until then any program can change it. */
        public boolean isOrphan() {
            return (flags & (OWNER | PERSIST)) == PERSIST;
        }

        /** Returns whether its chains are disabled. */
        public boolean isDormant() {
            return (flags & DORMANT) != 0;
        }
    }

    static final int DORMANT = 1;
    static final int OWNER = 2;
    static final int PERSIST = 4;

    static final int SUBSYSTEM = 10;
    static final int NEW_TABLE = SUBSYSTEM << 8;
    static final int NFPROTO_INET = 1;
    static final int TABLE_NAME = 1;
    static final int TABLE_FLAGS = 2;
    private static final int GET_TABLE = SUBSYSTEM << 8 | 1;
    private static final int NEW_GENERATION = SUBSYSTEM << 8 | 15;
    private static final int GET_GENERATION = SUBSYSTEM << 8 | 16;
    private static final int GENERATION_ID = 1;
    private static final int TABLE_OWNER = 7;
    private static final int NFGENMSG_BYTES = 4;

    private final NetlinkSocket netlink;

    private NftTables(NetlinkSocket netlink) {
        this.netlink = netlink;
    }

    public static NftTables open() throws OsException {
        return new NftTables(NetlinkSocket.open(NetlinkSocket.NETFILTER));
    }

    /** Returns the generation number, which changes with every change to any table of this network namespace. */
    public int generation() throws OsException {
        ByteBuffer request = ByteBuffer.allocate(NFGENMSG_BYTES);
        return switch (netlink.request("nft get generation", GET_GENERATION, NEW_GENERATION, request)) {
            case NetlinkSocket.Answer.Message(ByteBuffer body) -> number(body.position(NFGENMSG_BYTES), GENERATION_ID);
            case NetlinkSocket.Answer.Refused(int errno) -> throw new OsException("nft get generation", errno);
        };
    }

    /** Returns the table {@code inet NAME}, if there is one. */
    public Optional<Table> find(String name) throws OsException {
        byte[] text = (name + '\0').getBytes(StandardCharsets.US_ASCII);
        ByteBuffer request =
                ByteBuffer.allocate(NFGENMSG_BYTES + 8 + text.length).order(ByteOrder.nativeOrder());
        request.put((byte) NFPROTO_INET).position(NFGENMSG_BYTES);
        Attributes.put(request, TABLE_NAME, text);
        return switch (netlink.request("nft get table", GET_TABLE, NEW_TABLE, request.flip())) {
            case NetlinkSocket.Answer.Message(ByteBuffer body) -> {
                ByteBuffer attributes = body.position(NFGENMSG_BYTES);
                yield Optional.of(new Table(number(attributes, TABLE_FLAGS), number(attributes, TABLE_OWNER)));
            }
            case NetlinkSocket.Answer.Refused(int errno) when errno == Errno.ENOENT -> Optional.empty();
            case NetlinkSocket.Answer.Refused(int errno) -> throw new OsException("nft get table", errno);
        };
    }

    private static int number(ByteBuffer attributes, int type) {
        return Attributes.find(attributes, type)
                .filter(value -> value.limit() == 4)
                .map(value -> value.order(ByteOrder.BIG_ENDIAN).getInt(0))
                .orElse(0);
    }

    @Override
    public void close() {
        netlink.close();
    }
}
