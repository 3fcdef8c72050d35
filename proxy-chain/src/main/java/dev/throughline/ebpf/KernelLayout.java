package dev.throughline.ebpf;

import dev.throughline.os.Btf;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Where the kernel keeps what a process runs and whose a socket is, in bytes from the start of each structure. What begins with
 * {@code task} lies in struct task_struct, and so on.
 */
record KernelLayout(
        int taskGroupLeader,
        int taskStartBootTime,
        int taskCommand,
        int taskCredentials,
        int credentialsEffectiveUid,
        int taskMm,
        int mmExeFile,
        int fileInode,
        int inodeNumber,
        int inodeSuperBlock,
        int inodeCtimeSeconds,
        int inodeCtimeNanos,
        int superBlockDevice,
        int sockUid) {

    /** That of the kernel with these types; empty if it has no such structures. */
    static Optional<KernelLayout> of(Btf types) {
        OptionalInt seconds = types.offset("inode", "i_ctime_sec");
        OptionalInt nanos = types.offset("inode", "i_ctime_nsec");
        if (seconds.isEmpty()) {
            // A struct timespec64 before Linux 6.11, of another name before 6.6.
            OptionalInt pair = types.offset("inode", "__i_ctime");
            seconds = pair.isPresent() ? pair : types.offset("inode", "i_ctime");
            nanos = seconds.isPresent() ? OptionalInt.of(seconds.getAsInt() + Long.BYTES) : OptionalInt.empty();
        }
        int[] offsets = {
            orNone(types.offset("task_struct", "group_leader")),
            orNone(types.offset("task_struct", "start_boottime")),
            orNone(types.offset("task_struct", "comm")),
            orNone(types.offset("task_struct", "cred")),
            orNone(types.offset("cred", "euid")),
            orNone(types.offset("task_struct", "mm")),
            orNone(types.offset("mm_struct", "exe_file")),
            orNone(types.offset("file", "f_inode")),
            orNone(types.offset("inode", "i_ino")),
            orNone(types.offset("inode", "i_sb")),
            orNone(seconds),
            orNone(nanos),
            orNone(types.offset("super_block", "s_dev")),
            orNone(types.offset("sock", "sk_uid")),
        };
        for (int offset : offsets) {
            if (offset < 0) {
                return Optional.empty();
            }
        }
        return Optional.of(new KernelLayout(
                offsets[0],
                offsets[1],
                offsets[2],
                offsets[3],
                offsets[4],
                offsets[5],
                offsets[6],
                offsets[7],
                offsets[8],
                offsets[9],
                offsets[10],
                offsets[11],
                offsets[12],
                offsets[13]));
    }

    private static int orNone(OptionalInt offset) {
        return offset.orElse(-1);
    }
}
