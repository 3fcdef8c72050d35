package dev.throughline.ebpf;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.throughline.os.BpfCode;
import dev.throughline.os.BpfCode.Helper;
import dev.throughline.os.BpfCode.Label;
import dev.throughline.os.BpfCode.Register;
import dev.throughline.os.BpfCode.Size;
import java.util.Optional;

/**
 * The programs that note down who connects. They only note: whatever happens, the call goes on as it would without them.
 */
final class ConnectCode {
    /** A socket's cookie, 8 bytes. */
    static final int COOKIE_BYTES = 8;

    /** Offsets in the key of a connection: namespace, both addresses (IPv4 in the mapped form), both ports. */
    static final int TUPLE_LOCAL = 8;

    static final int TUPLE_REMOTE = 24;
    static final int TUPLE_LOCAL_PORT = 40;
    static final int TUPLE_REMOTE_PORT = 44;
    static final int TUPLE_BYTES = 48;

    /** Bytes 8 to 11 of ::ffff:0:0 as a word of a little-endian machine (RFC 4291, section 2.5.5.2). */
    static final int MAPPED = 0xFFFF_0000;

    /** Places of the tables. */
    private static final int BY_COOKIE = 0;

    private static final int BY_TUPLE = 1;

    private static final int GO_ON = 1;
    private static final int COOKIE_AT = -COOKIE_BYTES;
    private static final int RECORD_AT = COOKIE_AT - ConnectRecord.BYTES;
    private static final int POINTER_AT = RECORD_AT - 8;
    private static final int TUPLE_AT = COOKIE_AT - TUPLE_BYTES;

    /** Members of struct bpf_sock_ops (linux/bpf.h). */
    private static final int OPERATION = 0;

    private static final int FAMILY = 20;
    private static final int REMOTE_IP4 = 24;
    private static final int LOCAL_IP4 = 28;
    private static final int REMOTE_IP6 = 32;
    private static final int LOCAL_IP6 = 48;
    private static final int REMOTE_PORT = 64;
    private static final int LOCAL_PORT = 68;
    private static final int SOCKET = 184;
    private static final int TCP_CONNECT = 3;
    private static final int AF_INET = 2;

    /** Members of struct bpf_sock, there. */
    private static final int BOUND_DEVICE = 0;

    private static final int MARK = 16;

    private ConnectCode() {}

    /** Sixteen digits that are others as soon as a program notes anything else or elsewhere. */
    static String version(Optional<KernelLayout> layout) {
        Hasher sha256 = Hashing.sha256().newHasher();
        sha256.putBytes(caller(layout).fingerprint());
        sha256.putBytes(connection(layout).fingerprint());
        return sha256.hash().toString().substring(0, 16);
    }

    /** For connect(2) and sendmsg(2): notes the caller under the socket's cookie. */
    static BpfCode caller(Optional<KernelLayout> layout) {
        BpfCode code = new BpfCode().move(Register.R6, Register.R1);
        for (int at = 0; at < ConnectRecord.BYTES; at += Long.BYTES) {
            code.store(Size.DOUBLE, Register.R10, RECORD_AT + at, 0);
        }
        note(code.call(Helper.GET_SOCKET_COOKIE), ConnectRecord.COOKIE);
        code.store(Size.DOUBLE, Register.R10, COOKIE_AT, Register.R0);
        note(code.call(Helper.GET_CURRENT_PID_TGID), ConnectRecord.PID_TGID);
        note(code.call(Helper.GET_CURRENT_UID_GID), ConnectRecord.UID_GID);
        note(code.call(Helper.GET_CURRENT_CGROUP_ID), ConnectRecord.CGROUP);
        note(code.call(Helper.KTIME_GET_BOOT_NS), ConnectRecord.BOOT);
        note(code.move(Register.R1, Register.R6).call(Helper.GET_NETNS_COOKIE), ConnectRecord.NETNS);
        stack(code, Register.R1, RECORD_AT + ConnectRecord.COMMAND)
                .move(Register.R2, ConnectRecord.COMMAND_BYTES)
                .call(Helper.GET_CURRENT_COMM);
        layout.ifPresent(kernel -> process(code, kernel));
        code.loadTable(Register.R1, BY_COOKIE);
        stack(code, Register.R2, COOKIE_AT);
        stack(code, Register.R3, RECORD_AT);
        return code.move(Register.R4, 0)
                .call(Helper.MAP_UPDATE_ELEM)
                .move(Register.R0, GO_ON)
                .exit();
    }

    private static void note(BpfCode code, int at) {
        code.store(Size.DOUBLE, Register.R10, RECORD_AT + at, Register.R0);
    }

    private static BpfCode stack(BpfCode code, Register to, int at) {
        return code.move(to, Register.R10).add(to, at);
    }

    /**
     * Follows the kernel's own pointers from the calling thread to its process and its executable. The start is noted last: a
     * record without it says nothing of all this.
     */
    private static void process(BpfCode code, KernelLayout kernel) {
        Label unknown = new Label();
        code.call(Helper.GET_CURRENT_TASK).move(Register.R7, Register.R0);
        follow(code, Register.R7, kernel.taskMm(), Register.R8, unknown);
        follow(code, Register.R8, kernel.mmExeFile(), Register.R8, unknown);
        follow(code, Register.R8, kernel.fileInode(), Register.R8, unknown);
        read(code, Register.R8, kernel.inodeNumber(), Long.BYTES, RECORD_AT + ConnectRecord.INODE, unknown);
        read(
                code,
                Register.R8,
                kernel.inodeCtimeSeconds(),
                Long.BYTES,
                RECORD_AT + ConnectRecord.CTIME_SECONDS,
                unknown);
        read(
                code,
                Register.R8,
                kernel.inodeCtimeNanos(),
                Integer.BYTES,
                RECORD_AT + ConnectRecord.CTIME_NANOS,
                unknown);
        follow(code, Register.R8, kernel.inodeSuperBlock(), Register.R8, unknown);
        read(code, Register.R8, kernel.superBlockDevice(), Integer.BYTES, RECORD_AT + ConnectRecord.DEVICE, unknown);
        follow(code, Register.R7, kernel.taskCredentials(), Register.R8, unknown);
        read(
                code,
                Register.R8,
                kernel.credentialsEffectiveUid(),
                Integer.BYTES,
                RECORD_AT + ConnectRecord.EFFECTIVE_UID,
                unknown);
        follow(code, Register.R7, kernel.taskGroupLeader(), Register.R8, unknown);
        read(
                code,
                Register.R8,
                kernel.taskCommand(),
                ConnectRecord.COMMAND_BYTES,
                RECORD_AT + ConnectRecord.COMMAND,
                unknown);
        read(code, Register.R8, kernel.taskStartBootTime(), Long.BYTES, RECORD_AT + ConnectRecord.START, unknown);
        code.at(unknown);
    }

    /** {@code to = *(from + offset)}, a pointer in the kernel; goes to {@code failed} if it can't be read. */
    private static void follow(BpfCode code, Register from, int offset, Register to, Label failed) {
        read(code, from, offset, Long.BYTES, POINTER_AT, failed);
        code.load(Size.DOUBLE, to, Register.R10, POINTER_AT);
    }

    /** Copies bytes of the kernel to the stack. */
    private static void read(BpfCode code, Register from, int offset, int bytes, int to, Label failed) {
        stack(code, Register.R1, to)
                .move(Register.R2, bytes)
                .move(Register.R3, from)
                .add(Register.R3, offset)
                .call(Helper.PROBE_READ_KERNEL)
                .jumpUnless(Register.R0, 0, failed);
    }

    /**
     * For TCP, when the first SYN is about to leave: what is known of the socket's caller is noted under its addresses as well.
     * If nothing is, as for connections that the kernel opens itself, or it can't be noted, what an earlier socket left there is
     * taken away: no note there is of another socket than the last that had the addresses.
     */
    static BpfCode connection(Optional<KernelLayout> layout) {
        Label ipv4 = new Label();
        Label ipv6 = new Label();
        Label ports = new Label();
        Label forget = new Label();
        Label done = new Label();
        BpfCode code = new BpfCode()
                .move(Register.R6, Register.R1)
                .load(Size.WORD, Register.R1, Register.R6, OPERATION)
                .jumpUnless(Register.R1, TCP_CONNECT, done)
                .move(Register.R1, Register.R6)
                .call(Helper.GET_NETNS_COOKIE)
                .store(Size.DOUBLE, Register.R10, TUPLE_AT, Register.R0)
                .load(Size.WORD, Register.R1, Register.R6, FAMILY)
                .jumpIf(Register.R1, AF_INET, ipv4)
                // A dual-stack socket that speaks IPv4 is noted as such.
                .load(Size.WORD, Register.R1, Register.R6, REMOTE_IP6)
                .jumpUnless(Register.R1, 0, ipv6)
                .load(Size.WORD, Register.R1, Register.R6, REMOTE_IP6 + 4)
                .jumpUnless(Register.R1, 0, ipv6)
                .load(Size.WORD, Register.R1, Register.R6, REMOTE_IP6 + 8)
                .jumpUnlessWord(Register.R1, MAPPED, ipv6)
                .jump(ipv4)
                .at(ipv6);
        for (int word = 0; word < 16; word += Integer.BYTES) {
            copy(code, LOCAL_IP6 + word, TUPLE_LOCAL + word);
            copy(code, REMOTE_IP6 + word, TUPLE_REMOTE + word);
        }
        code.jump(ports).at(ipv4);
        mapped(code, LOCAL_IP4, TUPLE_LOCAL);
        mapped(code, REMOTE_IP4, TUPLE_REMOTE);
        code.at(ports);
        copy(code, LOCAL_PORT, TUPLE_LOCAL_PORT);
        copy(code, REMOTE_PORT, TUPLE_REMOTE_PORT);
        code.move(Register.R1, Register.R6)
                .call(Helper.GET_SOCKET_COOKIE)
                .store(Size.DOUBLE, Register.R10, COOKIE_AT, Register.R0)
                .loadTable(Register.R1, BY_COOKIE);
        stack(code, Register.R2, COOKIE_AT)
                .call(Helper.MAP_LOOKUP_ELEM)
                .jumpIf(Register.R0, 0, forget)
                .move(Register.R7, Register.R0);
        socket(code, layout);
        code.loadTable(Register.R1, BY_TUPLE);
        stack(code, Register.R2, TUPLE_AT)
                .move(Register.R3, Register.R7)
                .move(Register.R4, 0)
                .call(Helper.MAP_UPDATE_ELEM)
                .jumpIf(Register.R0, 0, done)
                .at(forget)
                .loadTable(Register.R1, BY_TUPLE);
        return stack(code, Register.R2, TUPLE_AT)
                .call(Helper.MAP_DELETE_ELEM)
                .at(done)
                .move(Register.R0, GO_ON)
                .exit();
    }

    /** Of a socket that isn't bound to a device, its mark and its maker are noted in the record that r7 points to. */
    private static void socket(BpfCode code, Optional<KernelLayout> layout) {
        code.store(Size.WORD, Register.R7, ConnectRecord.SOCKET_KNOWN, 0);
        if (layout.isEmpty()) {
            return;
        }
        Label unknown = new Label();
        code.load(Size.DOUBLE, Register.R8, Register.R6, SOCKET)
                .jumpIf(Register.R8, 0, unknown)
                .load(Size.WORD, Register.R1, Register.R8, BOUND_DEVICE)
                .jumpUnless(Register.R1, 0, unknown)
                .load(Size.WORD, Register.R1, Register.R8, MARK)
                .store(Size.WORD, Register.R7, ConnectRecord.SOCKET_MARK, Register.R1)
                .move(Register.R1, Register.R8)
                .call(Helper.SKC_TO_TCP_SOCK)
                .jumpIf(Register.R0, 0, unknown)
                .load(Size.WORD, Register.R1, Register.R0, layout.get().sockUid())
                .store(Size.WORD, Register.R7, ConnectRecord.SOCKET_UID, Register.R1)
                .store(Size.WORD, Register.R7, ConnectRecord.SOCKET_KNOWN, 1)
                .at(unknown);
    }

    private static void copy(BpfCode code, int from, int to) {
        code.load(Size.WORD, Register.R1, Register.R6, from).store(Size.WORD, Register.R10, TUPLE_AT + to, Register.R1);
    }

    private static void mapped(BpfCode code, int from, int to) {
        code.store(Size.DOUBLE, Register.R10, TUPLE_AT + to, 0)
                .store(Size.WORD, Register.R10, TUPLE_AT + to + 8, MAPPED);
        copy(code, from, to + 12);
    }
}
