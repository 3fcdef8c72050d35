package dev.throughline.identify.ebpf;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.throughline.identify.ebpf.KernelLayout.Member;
import dev.throughline.platform.linux.BpfCode;
import dev.throughline.platform.linux.BpfCode.Helper;
import dev.throughline.platform.linux.BpfCode.Label;
import dev.throughline.platform.linux.BpfCode.Register;
import dev.throughline.platform.linux.BpfCode.Size;

/**
 * The programs that record which process connects. They only record: the system call always continues unchanged.
 */
final class ConnectCode {
    /** Size of a pid: 4 bytes, and 4 of zeros. */
    static final int PID_BYTES = 8;

    /** Size of a socket's cookie. */
    static final int COOKIE_BYTES = 8;

    /** Offsets in the key of a connection: namespace, both addresses (IPv4 in the mapped form), both ports. */
    static final int TUPLE_LOCAL = 8;

    static final int TUPLE_REMOTE = 24;
    static final int TUPLE_LOCAL_PORT = 40;
    static final int TUPLE_REMOTE_PORT = 44;
    static final int TUPLE_BYTES = 48;

    /** Bytes 8 to 11 of ::ffff:0:0 as a word of a little-endian machine (RFC 4291, section 2.5.5.2). */
    static final int MAPPED = 0xFFFF_0000;

    /** Indices of the tables. */
    private static final int BY_COOKIE = 0;

    private static final int BY_TUPLE = 1;
    private static final int BY_USER = 2;
    private static final int BY_SOURCE = 3;
    private static final int BY_PID = 4;

    /** Offsets in the key of a source: namespace, address (IPv4 in the mapped form), port. */
    static final int SOURCE_ADDRESS = 8;

    static final int SOURCE_PORT = 24;
    static final int SOURCE_BYTES = 32;

    /** Size of a user's number; see {@link #jumpIfTooMany}. */
    static final int USER_BYTES = 8;

    /** Size of a user's count: the number of the second, and the sockets recorded in it. */
    static final int RATE_BYTES = 16;

    private static final int RATE_COUNT = 8;
    /** 2^30 nanoseconds are a little more than a second. */
    private static final int SECOND_BITS = 30;
    /** Ranges of subordinate ids have this size (subuid(5)). */
    private static final int RANGE_BITS = 16;

    /** linux/magic.h. */
    private static final int BTRFS_SUPER_MAGIC = 0x9123_683E;

    private static final int GO_ON = 1;
    private static final int COOKIE_AT = -COOKIE_BYTES;
    private static final int RECORD_AT = COOKIE_AT - ConnectRecord.BYTES;
    private static final int POINTER_AT = RECORD_AT - 8;
    private static final int USER_AT = POINTER_AT - USER_BYTES;
    private static final int RATE_AT = USER_AT - RATE_BYTES;
    private static final int TUPLE_AT = COOKIE_AT - TUPLE_BYTES;
    private static final int SOURCE_AT = TUPLE_AT - SOURCE_BYTES;
    private static final int SOURCE_USER_AT = SOURCE_AT - USER_BYTES;

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

    /** Members of struct bpf_sock (linux/bpf.h). */
    private static final int BOUND_DEVICE = 0;

    private static final int MARK = 16;

    private ConnectCode() {}

    /** Returns sixteen digits that change with any change of the programs or the layout. */
    static String version(TracePlan plan, int perSecond) {
        Hasher sha256 = Hashing.sha256().newHasher();
        sha256.putBytes(caller(plan, perSecond).fingerprint());
        sha256.putBytes(connection(plan).fingerprint());
        if (plan.has(TracePart.EXEC)) {
            sha256.putBytes(exec(plan.kernel()).fingerprint());
        }
        return sha256.hash().toString().substring(0, 16);
    }

    /**
     * Returns the program for connect(2) and sendmsg(2): records the caller under the socket's cookie.
     *
     * @param perSecond maximum number of recorded sockets of a user; without it, a flood by one user would evict the records of
     *     others
     */
    static BpfCode caller(TracePlan plan, int perSecond) {
        Label tooMany = new Label();
        BpfCode code = new BpfCode().move(Register.R6, Register.R1);
        for (int at = 0; at < ConnectRecord.BYTES; at += Long.BYTES) {
            code.store(Size.DOUBLE, Register.R10, RECORD_AT + at, 0);
        }
        store(code.call(Helper.GET_SOCKET_COOKIE), ConnectRecord.COOKIE);
        code.store(Size.DOUBLE, Register.R10, COOKIE_AT, Register.R0);
        store(code.call(Helper.GET_CURRENT_PID_TGID), ConnectRecord.PID_TGID);
        store(code.call(Helper.GET_CURRENT_UID_GID), ConnectRecord.UID_GID);
        jumpIfTooMany(code, perSecond, tooMany);
        if (plan.has(TracePart.CGROUP)) {
            store(code.call(Helper.GET_CURRENT_CGROUP_ID), ConnectRecord.CGROUP);
        }
        store(code.call(Helper.KTIME_GET_BOOT_NS), ConnectRecord.BOOT);
        store(code.move(Register.R1, Register.R6).call(Helper.GET_NETNS_COOKIE), ConnectRecord.NETNS);
        if (plan.has(TracePart.COMMAND)) {
            stack(code, Register.R1, RECORD_AT + ConnectRecord.COMMAND)
                    .move(Register.R2, ConnectRecord.COMMAND_BYTES)
                    .call(Helper.GET_CURRENT_COMM);
        }
        if (plan.has(TracePart.PROCESS)) {
            process(code, plan.kernel());
        }
        if (plan.has(TracePart.PARENT)) {
            parent(code, plan.kernel());
        }
        code.loadTable(Register.R1, BY_COOKIE);
        stack(code, Register.R2, COOKIE_AT);
        stack(code, Register.R3, RECORD_AT);
        code.move(Register.R4, 0)
                .call(Helper.MAP_UPDATE_ELEM)
                .move(Register.R0, GO_ON)
                .exit()
                .at(tooMany)
                .loadTable(Register.R1, BY_COOKIE);
        // The record of an earlier connect(2) with this socket belongs to another connection.
        return stack(code, Register.R2, COOKIE_AT)
                .call(Helper.MAP_DELETE_ELEM)
                .move(Register.R0, GO_ON)
                .exit();
    }

    /**
     * Counts the sockets of the calling user in this second, and jumps to {@code tooMany} above {@code perSecond}. Ids from
     * 65536 up count by range: a user may own a whole range of subordinate ids.
     */
    private static void jumpIfTooMany(BpfCode code, int perSecond, Label tooMany) {
        Label known = new Label();
        Label sameSecond = new Label();
        Label mayBeRecorded = new Label();
        code.load(Size.WORD, Register.R1, Register.R10, RECORD_AT + ConnectRecord.UID_GID);
        user(code)
                .store(Size.DOUBLE, Register.R10, USER_AT, Register.R1)
                .call(Helper.KTIME_GET_BOOT_NS)
                .shiftRight(Register.R0, SECOND_BITS)
                .move(Register.R8, Register.R0)
                .loadTable(Register.R1, BY_USER);
        stack(code, Register.R2, USER_AT)
                .call(Helper.MAP_LOOKUP_ELEM)
                .jumpUnless(Register.R0, 0, known)
                .store(Size.DOUBLE, Register.R10, RATE_AT, Register.R8)
                .store(Size.DOUBLE, Register.R10, RATE_AT + RATE_COUNT, 1)
                .loadTable(Register.R1, BY_USER);
        stack(code, Register.R2, USER_AT);
        stack(code, Register.R3, RATE_AT)
                .move(Register.R4, 0)
                .call(Helper.MAP_UPDATE_ELEM)
                .jump(mayBeRecorded)
                .at(known)
                .load(Size.DOUBLE, Register.R1, Register.R0, 0)
                .jumpIf(Register.R1, Register.R8, sameSecond)
                .store(Size.DOUBLE, Register.R0, 0, Register.R8)
                .store(Size.DOUBLE, Register.R0, RATE_COUNT, 0)
                .at(sameSecond)
                .move(Register.R1, 1)
                .addAtomically(Register.R0, RATE_COUNT, Register.R1)
                .load(Size.DOUBLE, Register.R1, Register.R0, RATE_COUNT)
                .jumpIfGreater(Register.R1, perSecond, tooMany)
                .at(mayBeRecorded);
    }

    /** Computes the number under which the id in r1 is counted; clobbers r2. */
    private static BpfCode user(BpfCode code) {
        Label isUser = new Label();
        return code.move(Register.R2, Register.R1)
                .shiftRight(Register.R2, RANGE_BITS)
                .jumpIf(Register.R2, 0, isUser)
                .move(Register.R1, Register.R2)
                .add(Register.R1, 1 << RANGE_BITS)
                .at(isUser);
    }

    private static void store(BpfCode code, int at) {
        code.store(Size.DOUBLE, Register.R10, RECORD_AT + at, Register.R0);
    }

    private static BpfCode stack(BpfCode code, Register to, int at) {
        return code.move(to, Register.R10).add(to, at);
    }

    /**
     * Follows the kernel's pointers from the calling thread to its process and its executable. The start time is written last:
     * without it, the rest is invalid.
     */
    private static void process(BpfCode code, KernelLayout kernel) {
        Label unknown = new Label();
        code.call(Helper.GET_CURRENT_TASK).move(Register.R7, Register.R0);
        read(code, Register.R7, kernel.at(Member.TASK_EXEC_ID), Long.BYTES, RECORD_AT + ConnectRecord.EXEC_ID, unknown);
        follow(code, Register.R7, kernel.at(Member.TASK_MM), Register.R8, unknown);
        read(
                code,
                Register.R8,
                kernel.at(Member.MM_START_STACK),
                Long.BYTES,
                RECORD_AT + ConnectRecord.START_STACK,
                unknown);
        read(
                code,
                Register.R8,
                kernel.at(Member.MM_ARGUMENTS_START),
                Long.BYTES,
                RECORD_AT + ConnectRecord.ARGUMENTS_START,
                unknown);
        program(code, kernel, RECORD_AT + ConnectRecord.PROGRAM, unknown);
        follow(code, Register.R7, kernel.at(Member.TASK_CREDENTIALS), Register.R8, unknown);
        read(
                code,
                Register.R8,
                kernel.at(Member.CREDENTIALS_EFFECTIVE_UID),
                Integer.BYTES,
                RECORD_AT + ConnectRecord.EFFECTIVE_UID,
                unknown);
        follow(code, Register.R7, kernel.at(Member.TASK_GROUP_LEADER), Register.R8, unknown);
        read(
                code,
                Register.R8,
                kernel.at(Member.TASK_COMMAND),
                ConnectRecord.COMMAND_BYTES,
                RECORD_AT + ConnectRecord.COMMAND,
                unknown);
        read(
                code,
                Register.R8,
                kernel.at(Member.TASK_START_BOOT_TIME),
                Long.BYTES,
                RECORD_AT + ConnectRecord.START,
                unknown);
        code.at(unknown);
    }

    /** Records the parent, which may be a kernel thread with a start time and no executable. */
    private static void parent(BpfCode code, KernelLayout kernel) {
        Label unknown = new Label();
        code.call(Helper.GET_CURRENT_TASK).move(Register.R7, Register.R0);
        follow(code, Register.R7, kernel.at(Member.TASK_PARENT), Register.R7, unknown);
        follow(code, Register.R7, kernel.at(Member.TASK_GROUP_LEADER), Register.R7, unknown);
        read(
                code,
                Register.R7,
                kernel.at(Member.TASK_PID),
                Integer.BYTES,
                RECORD_AT + ConnectRecord.PARENT_PID,
                unknown);
        follow(code, Register.R7, kernel.at(Member.TASK_CREDENTIALS), Register.R8, unknown);
        read(
                code,
                Register.R8,
                kernel.at(Member.CREDENTIALS_UID),
                Integer.BYTES,
                RECORD_AT + ConnectRecord.PARENT_UID,
                unknown);
        read(
                code,
                Register.R7,
                kernel.at(Member.TASK_START_BOOT_TIME),
                Long.BYTES,
                RECORD_AT + ConnectRecord.PARENT_START,
                unknown);
        follow(code, Register.R7, kernel.at(Member.TASK_MM), Register.R8, unknown);
        program(code, kernel, RECORD_AT + ConnectRecord.PARENT_PROGRAM, unknown);
        code.at(unknown);
    }

    /**
     * Records the executable of the memory that r8 points to. On btrfs, whose subvolumes number their inodes separately, the
     * subvolume is recorded as the device in stat(2).
     */
    private static void program(BpfCode code, KernelLayout kernel, int to, Label unknown) {
        Label known = new Label();
        follow(code, Register.R8, kernel.at(Member.MM_EXE_FILE), Register.R8, unknown);
        follow(code, Register.R8, kernel.at(Member.FILE_INODE), Register.R9, unknown);
        read(code, Register.R9, kernel.at(Member.INODE_NUMBER), Long.BYTES, to + ConnectRecord.PROGRAM_INODE, unknown);
        read(
                code,
                Register.R9,
                kernel.at(Member.INODE_CTIME_SECONDS),
                Long.BYTES,
                to + ConnectRecord.PROGRAM_CTIME_SECONDS,
                unknown);
        read(
                code,
                Register.R9,
                kernel.at(Member.INODE_CTIME_NANOS),
                Integer.BYTES,
                to + ConnectRecord.PROGRAM_CTIME_NANOS,
                unknown);
        follow(code, Register.R9, kernel.at(Member.INODE_SUPER_BLOCK), Register.R8, unknown);
        int device = kernel.at(Member.SUPER_BLOCK_DEVICE);
        read(code, Register.R8, device, Integer.BYTES, to + ConnectRecord.PROGRAM_SUBVOLUME, unknown);
        read(code, Register.R8, kernel.at(Member.SUPER_BLOCK_MAGIC), Long.BYTES, POINTER_AT, unknown);
        code.load(Size.WORD, Register.R1, Register.R10, POINTER_AT)
                .jumpUnlessWord(Register.R1, BTRFS_SUPER_MAGIC, known)
                .store(Size.WORD, Register.R10, to + ConnectRecord.PROGRAM_SUBVOLUME, 0);
        if (kernel.hasAll(KernelLayout.OF_BTRFS)) {
            int root = kernel.at(Member.BTRFS_INODE_ROOT) - kernel.at(Member.BTRFS_INODE);
            follow(code, Register.R9, root, Register.R9, known);
            read(
                    code,
                    Register.R9,
                    kernel.at(Member.BTRFS_ROOT_DEVICE),
                    Integer.BYTES,
                    to + ConnectRecord.PROGRAM_SUBVOLUME,
                    known);
        }
        code.at(known);
        read(code, Register.R8, device, Integer.BYTES, to + ConnectRecord.PROGRAM_DEVICE, unknown);
    }

    /**
     * Returns the program for exec(2), which runs before the first instruction of the new program: records the path that
     * exec(2) was called with. The arguments are those of the tracepoint sched_process_exec: task, old pid, struct
     * linux_binprm.
     */
    static BpfCode exec(KernelLayout kernel) {
        int record = -ExecRecord.BYTES;
        int pid = record - 8;
        int pointer = pid - 8;
        Label done = new Label();
        Label program = new Label();
        BpfCode code = new BpfCode()
                .load(Size.DOUBLE, Register.R7, Register.R1, 0)
                .load(Size.DOUBLE, Register.R9, Register.R1, 2 * Long.BYTES);
        for (int at = 0; at < ExecRecord.BYTES; at += Long.BYTES) {
            code.store(Size.DOUBLE, Register.R10, record + at, 0);
        }
        code.store(Size.DOUBLE, Register.R10, pid, 0);
        Reader reader = new Reader(code, pointer, done);
        reader.read(Register.R7, kernel.at(Member.TASK_PID), Integer.BYTES, pid);
        reader.read(Register.R7, kernel.at(Member.TASK_START_BOOT_TIME), Long.BYTES, record + ExecRecord.START);
        reader.read(Register.R7, kernel.at(Member.TASK_EXEC_ID), Long.BYTES, record + ExecRecord.EXEC_ID);
        reader.follow(Register.R7, kernel.at(Member.TASK_CREDENTIALS), Register.R8);
        reader.follow(Register.R8, kernel.at(Member.CREDENTIALS_USER_NAMESPACE), Register.R8);
        int inode = kernel.at(Member.NAMESPACE_INODE);
        reader.read(
                Register.R8,
                kernel.at(Member.USER_NAMESPACE) + inode,
                Integer.BYTES,
                record + ExecRecord.USER_NAMESPACE);
        reader.follow(Register.R7, kernel.at(Member.TASK_NAMESPACES), Register.R8);
        reader.follow(Register.R8, kernel.at(Member.NAMESPACES_MOUNT), Register.R8);
        reader.read(
                Register.R8,
                kernel.at(Member.MOUNT_NAMESPACE) + inode,
                Integer.BYTES,
                record + ExecRecord.MOUNT_NAMESPACE);
        reader.follow(Register.R9, kernel.at(Member.EXEC_FILE_NAME), Register.R8);
        reader.follow(Register.R9, kernel.at(Member.EXEC_INTERPRETER), Register.R9);
        // The kernel has one string for both, unless the file has an interpreter.
        code.jumpIf(Register.R8, Register.R9, program)
                .store(Size.WORD, Register.R10, record + ExecRecord.INTERPRETED, 1);
        stack(code, Register.R1, record + ExecRecord.NAME)
                .move(Register.R2, ExecRecord.NAME_BYTES)
                .move(Register.R3, Register.R8)
                .call(Helper.PROBE_READ_KERNEL_STR)
                .at(program)
                .loadTable(Register.R1, BY_PID);
        stack(code, Register.R2, pid);
        return stack(code, Register.R3, record)
                .move(Register.R4, 0)
                .call(Helper.MAP_UPDATE_ELEM)
                .at(done)
                .move(Register.R0, 0)
                .exit();
    }

    /** A sequence of pointer accesses and copies in the kernel, until one fails. */
    private record Reader(BpfCode code, int pointer, Label failed) {
        void read(Register from, int offset, int bytes, int to) {
            ConnectCode.read(code, from, offset, bytes, to, failed);
        }

        void follow(Register from, int offset, Register to) {
            read(from, offset, Long.BYTES, pointer);
            code.load(Size.DOUBLE, to, Register.R10, pointer);
        }
    }

    /** Loads {@code to = *(from + offset)}, a pointer in the kernel; jumps to {@code failed} if it can't be read. */
    private static void follow(BpfCode code, Register from, int offset, Register to, Label failed) {
        read(code, from, offset, Long.BYTES, POINTER_AT, failed);
        code.load(Size.DOUBLE, to, Register.R10, POINTER_AT);
    }

    /** Copies bytes of the kernel to the stack; jumps to {@code failed} if they can't be read. */
    private static void read(BpfCode code, Register from, int offset, int bytes, int to, Label failed) {
        stack(code, Register.R1, to)
                .move(Register.R2, bytes)
                .move(Register.R3, from)
                .add(Register.R3, offset)
                .call(Helper.PROBE_READ_KERNEL)
                .jumpUnless(Register.R0, 0, failed);
    }

    /**
     * Returns the program for TCP, which runs when the first SYN is about to leave: records the caller under the socket's
     * addresses as well. If the caller is unknown, as for connections that the kernel opens itself, or can't be recorded, the
     * record of an earlier socket is deleted: a record always belongs to the last socket that had the addresses.
     */
    static BpfCode connection(TracePlan plan) {
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
                // A dual-stack socket that speaks IPv4 is recorded as such.
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
        for (int at = 0; at < TUPLE_REMOTE; at += Long.BYTES) {
            code.load(Size.DOUBLE, Register.R1, Register.R10, TUPLE_AT + at)
                    .store(Size.DOUBLE, Register.R10, SOURCE_AT + at, Register.R1);
        }
        code.load(Size.WORD, Register.R1, Register.R10, TUPLE_AT + TUPLE_LOCAL_PORT)
                .store(Size.DOUBLE, Register.R10, SOURCE_AT + SOURCE_PORT, Register.R1);
        code.move(Register.R1, Register.R6)
                .call(Helper.GET_SOCKET_COOKIE)
                .store(Size.DOUBLE, Register.R10, COOKIE_AT, Register.R0)
                .loadTable(Register.R1, BY_COOKIE);
        stack(code, Register.R2, COOKIE_AT)
                .call(Helper.MAP_LOOKUP_ELEM)
                .jumpIf(Register.R0, 0, forget)
                .move(Register.R7, Register.R0);
        socket(code, plan);
        source(code);
        code.loadTable(Register.R1, BY_TUPLE);
        stack(code, Register.R2, TUPLE_AT)
                .move(Register.R3, Register.R7)
                .move(Register.R4, 0)
                .call(Helper.MAP_UPDATE_ELEM)
                .jumpIf(Register.R0, 0, done)
                .at(forget)
                .loadTable(Register.R1, BY_SOURCE);
        stack(code, Register.R2, SOURCE_AT).call(Helper.MAP_DELETE_ELEM).loadTable(Register.R1, BY_TUPLE);
        return stack(code, Register.R2, TUPLE_AT)
                .call(Helper.MAP_DELETE_ELEM)
                .at(done)
                .move(Register.R0, GO_ON)
                .exit();
    }

    /**
     * Records the user of the record that r7 points to, by source alone: where packets are redirected, only the source is
     * visible.
     */
    private static void source(BpfCode code) {
        code.load(Size.WORD, Register.R1, Register.R7, ConnectRecord.UID_GID);
        user(code).store(Size.DOUBLE, Register.R10, SOURCE_USER_AT, Register.R1).loadTable(Register.R1, BY_SOURCE);
        stack(code, Register.R2, SOURCE_AT);
        stack(code, Register.R3, SOURCE_USER_AT).move(Register.R4, 0).call(Helper.MAP_UPDATE_ELEM);
    }

    /** Records mark and creator of a socket in the record that r7 points to, unless it is bound to a device. */
    private static void socket(BpfCode code, TracePlan plan) {
        code.store(Size.WORD, Register.R7, ConnectRecord.SOCKET_KNOWN, 0);
        if (!plan.has(TracePart.SOCKET)) {
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
                .load(Size.WORD, Register.R1, Register.R0, plan.kernel().at(Member.SOCK_UID))
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
