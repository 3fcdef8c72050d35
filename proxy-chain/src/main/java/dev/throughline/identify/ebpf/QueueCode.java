package dev.throughline.identify.ebpf;

import dev.throughline.platform.linux.BpfCode;
import dev.throughline.platform.linux.BpfCode.Helper;
import dev.throughline.platform.linux.BpfCode.Label;
import dev.throughline.platform.linux.BpfCode.Register;
import dev.throughline.platform.linux.BpfCode.Size;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The program that chooses the listening socket for a SYN among the sockets that share a port: one for each user of
 * this host and each remote address. It is a socket filter; its result is the index of the socket in the group, in the
 * order of their listen(2) calls (SO_ATTACH_REUSEPORT_EBPF, socket(7)).
 */
final class QueueCode {
    /** Index of its only table, users by sources; see {@link ConnectCode#connection}. */
    private static final int BY_SOURCE = 0;

    /** Member of struct __sk_buff (linux/bpf.h), in network byte order. */
    private static final int PROTOCOL = 16;

    /** Protocol numbers of linux/if_ether.h in network byte order, loaded on a little-endian machine. */
    private static final int IPV4 = 0x0008;

    private static final int IPV6 = 0xDD86;

    /** BPF_HDR_START_NET. */
    private static final int FROM_IP_HEADER = 1;

    /** RFC 791, section 3.1, and RFC 8200, section 3. */
    private static final int IPV4_SOURCE = 12;

    private static final int IPV6_SOURCE = 8;
    private static final int IPV6_HEADER = 40;

    private static final int KEY_AT = -ConnectCode.SOURCE_BYTES;
    private static final int SCRATCH_AT = KEY_AT - 8;

    /** Multiplier that spreads close numbers: 2^31 divided by the golden ratio. */
    private static final int SPREAD = 0x4F1B_BCDD;

    /** The limit is the number of bits of the product that depend on the whole number. */
    static final int MAX_QUEUES = 1 << 12;

    private QueueCode() {}

    /**
     * Returns the program.
     *
     * @param networkNamespace cookie of the sockets' network namespace (SO_NETNS_COOKIE)
     * @param queues a power of two
     */
    static BpfCode choose(long networkNamespace, int queues) {
        if (Integer.bitCount(queues) != 1 || queues > MAX_QUEUES) {
            throw new IllegalArgumentException("the number of queues is a power of two of at most " + MAX_QUEUES);
        }
        Label ipv6 = new Label();
        Label port = new Label();
        Label known = new Label();
        Label choose = new Label();
        Label any = new Label();
        BpfCode code = new BpfCode().move(Register.R6, Register.R1);
        for (int at = SCRATCH_AT; at < 0; at += Long.BYTES) {
            code.store(Size.DOUBLE, Register.R10, at, 0);
        }
        ByteBuffer namespace =
                ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(0, networkNamespace);
        code.store(Size.WORD, Register.R10, KEY_AT, namespace.getInt(0))
                .store(Size.WORD, Register.R10, KEY_AT + Integer.BYTES, namespace.getInt(Integer.BYTES))
                .load(Size.WORD, Register.R1, Register.R6, PROTOCOL)
                .jumpIf(Register.R1, IPV6, ipv6)
                .jumpUnless(Register.R1, IPV4, any)
                .store(Size.WORD, Register.R10, KEY_AT + ConnectCode.SOURCE_ADDRESS + 8, ConnectCode.MAPPED)
                .move(Register.R2, IPV4_SOURCE);
        copy(code, KEY_AT + ConnectCode.SOURCE_ADDRESS + 12, 4, any);
        code.move(Register.R2, 0);
        copy(code, SCRATCH_AT, 1, any);
        // The length of the header, in words.
        code.load(Size.WORD, Register.R7, Register.R10, SCRATCH_AT)
                .and(Register.R7, 0xF)
                .shiftLeft(Register.R7, 2)
                .jump(port)
                .at(ipv6)
                .move(Register.R2, IPV6_SOURCE);
        copy(code, KEY_AT + ConnectCode.SOURCE_ADDRESS, 16, any);
        code.move(Register.R7, IPV6_HEADER).at(port);
        code.store(Size.DOUBLE, Register.R10, SCRATCH_AT, 0).move(Register.R2, Register.R7);
        copy(code, SCRATCH_AT, 2, any);
        // Converts from network byte order to the number in the key.
        code.load(Size.WORD, Register.R1, Register.R10, SCRATCH_AT)
                .move(Register.R2, Register.R1)
                .shiftRight(Register.R2, 8)
                .and(Register.R1, 0xFF)
                .shiftLeft(Register.R1, 8)
                .add(Register.R1, Register.R2)
                .store(Size.DOUBLE, Register.R10, KEY_AT + ConnectCode.SOURCE_PORT, Register.R1)
                .loadTable(Register.R1, BY_SOURCE)
                .move(Register.R2, Register.R10)
                .add(Register.R2, KEY_AT)
                .call(Helper.MAP_LOOKUP_ELEM)
                .jumpUnless(Register.R0, 0, known)
                // Not a user of this host: uses its IPv6 network, or the last four bytes, which are its IPv4 address.
                .load(Size.DOUBLE, Register.R1, Register.R10, KEY_AT + ConnectCode.SOURCE_ADDRESS)
                .jumpUnless(Register.R1, 0, choose)
                .load(Size.DOUBLE, Register.R1, Register.R10, KEY_AT + ConnectCode.SOURCE_ADDRESS + 8)
                .shiftRight(Register.R1, 32)
                .jump(choose)
                .at(known)
                .load(Size.DOUBLE, Register.R1, Register.R0, 0)
                .at(choose)
                .move(Register.R0, Register.R1)
                .multiply(Register.R0, SPREAD)
                .shiftRight(Register.R0, 20)
                .and(Register.R0, queues - 1)
                .exit();
        return code.at(any).move(Register.R0, 0).exit();
    }

    /** Copies bytes of the packet, starting at r2, to the stack. */
    private static void copy(BpfCode code, int to, int bytes, Label failed) {
        code.move(Register.R1, Register.R6)
                .move(Register.R3, Register.R10)
                .add(Register.R3, to)
                .move(Register.R4, bytes)
                .move(Register.R5, FROM_IP_HEADER)
                .call(Helper.SKB_LOAD_BYTES_RELATIVE)
                .jumpUnless(Register.R0, 0, failed);
    }
}
