package dev.throughline.identify.ebpf;

import com.google.common.collect.ImmutableMap;
import dev.throughline.platform.linux.Btf;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The offsets of the kernel's structures for processes, executables and sockets.
 *
 * @param offsets offsets in bytes; those of {@link #OF_BTRFS} and {@link #OF_EXEC} may be missing
 */
record KernelLayout(ImmutableMap<Member, Integer> offsets) {
    /** A member of a structure of the kernel. */
    enum Member {
        TASK_GROUP_LEADER("task_struct", "group_leader"),
        TASK_PID("task_struct", "tgid"),
        TASK_PARENT("task_struct", "real_parent"),
        TASK_START_BOOT_TIME("task_struct", "start_boottime"),
        TASK_EXEC_ID("task_struct", "self_exec_id"),
        TASK_COMMAND("task_struct", "comm"),
        TASK_CREDENTIALS("task_struct", "cred"),
        TASK_MM("task_struct", "mm"),
        TASK_NAMESPACES("task_struct", "nsproxy"),
        CREDENTIALS_UID("cred", "uid"),
        CREDENTIALS_EFFECTIVE_UID("cred", "euid"),
        CREDENTIALS_USER_NAMESPACE("cred", "user_ns"),
        MM_EXE_FILE("mm_struct", "exe_file"),
        MM_START_STACK("mm_struct", "start_stack"),
        MM_ARGUMENTS_START("mm_struct", "arg_start"),
        FILE_INODE("file", "f_inode"),
        INODE_NUMBER("inode", "i_ino"),
        INODE_SUPER_BLOCK("inode", "i_sb"),
        SUPER_BLOCK_DEVICE("super_block", "s_dev"),
        SUPER_BLOCK_MAGIC("super_block", "s_magic"),
        SOCK_UID("sock", "sk_uid"),
        BTRFS_INODE("btrfs_inode", "vfs_inode"),
        BTRFS_INODE_ROOT("btrfs_inode", "root"),
        BTRFS_ROOT_DEVICE("btrfs_root", "anon_dev"),
        NAMESPACES_MOUNT("nsproxy", "mnt_ns"),
        MOUNT_NAMESPACE("mnt_namespace", "ns"),
        USER_NAMESPACE("user_namespace", "ns"),
        NAMESPACE_INODE("ns_common", "inum"),
        EXEC_FILE_NAME("linux_binprm", "filename"),
        EXEC_INTERPRETER("linux_binprm", "interp"),
        INODE_CTIME_SECONDS("inode", "i_ctime_sec"),
        INODE_CTIME_NANOS("inode", "i_ctime_nsec");

        private final String structure;
        private final String name;

        Member(String structure, String name) {
            this.structure = structure;
            this.name = name;
        }

        @Override
        public String toString() {
            return structure + "." + name;
        }
    }

    /** Members for btrfs; their types are missing if btrfs is a module. */
    static final Set<Member> OF_BTRFS = Set.of(Member.BTRFS_INODE, Member.BTRFS_INODE_ROOT, Member.BTRFS_ROOT_DEVICE);

    /** Members for the arguments of exec(2). */
    static final Set<Member> OF_EXEC = Set.of(
            Member.TASK_NAMESPACES,
            Member.CREDENTIALS_USER_NAMESPACE,
            Member.NAMESPACES_MOUNT,
            Member.MOUNT_NAMESPACE,
            Member.USER_NAMESPACE,
            Member.NAMESPACE_INODE,
            Member.EXEC_FILE_NAME,
            Member.EXEC_INTERPRETER);

    /** Returns the layout for these types; empty if a structure is missing. */
    static Optional<KernelLayout> of(Btf types) {
        Map<Member, Integer> found = new EnumMap<>(Member.class);
        for (Member member : Member.values()) {
            types.offset(member.structure, member.name).ifPresent(offset -> found.put(member, offset));
        }
        if (!found.containsKey(Member.INODE_CTIME_SECONDS)) {
            // A struct timespec64 before Linux 6.11, with another name before 6.6.
            OptionalInt newer = types.offset("inode", "__i_ctime");
            OptionalInt pair = newer.isPresent() ? newer : types.offset("inode", "i_ctime");
            if (pair.isPresent()) {
                found.put(Member.INODE_CTIME_SECONDS, pair.getAsInt());
                found.put(Member.INODE_CTIME_NANOS, pair.getAsInt() + Long.BYTES);
            }
        }
        for (Member member : Member.values()) {
            if (!found.containsKey(member) && !OF_BTRFS.contains(member) && !OF_EXEC.contains(member)) {
                return Optional.empty();
            }
        }
        return Optional.of(new KernelLayout(ImmutableMap.copyOf(found)));
    }

    /** Returns the offset in bytes. */
    int at(Member member) {
        Integer offset = offsets.get(member);
        if (offset == null) {
            throw new IllegalStateException("this kernel has no " + member);
        }
        return offset;
    }

    boolean hasAll(Set<Member> members) {
        return offsets.keySet().containsAll(members);
    }
}
