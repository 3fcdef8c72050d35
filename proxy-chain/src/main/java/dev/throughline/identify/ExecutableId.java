package dev.throughline.identify;

import dev.throughline.identify.ebpf.ConnectRecord;
import dev.throughline.platform.linux.Mounts;
import java.util.concurrent.TimeUnit;

/**
 * The identity of an executable version, as the kernel saw it when its process connected. Any write to the file, and any file
 * that replaces it, has another change time. A file system that a user serves (fuse(4)) can report any inode and any time, but
 * never the device of another.
 *
 * @param device of the file system's super block, as in the kernel; stat(2) reports others for btrfs and overlayfs
 * @param subvolume on btrfs, whose subvolumes number their inodes separately, the device in stat(2); elsewhere {@code device}
 * @param inode inode number in the kernel
 * @param changedNanos change time, in nanoseconds since 1970
 */
record ExecutableId(int device, int subvolume, long inode, long changedNanos) {
    /** An unknown subvolume. */
    static final int NOT_KNOWN = 0;

    private static final String BTRFS = "btrfs";

    static ExecutableId of(ConnectRecord.ProgramFile record) {
        return new ExecutableId(
                record.device(),
                record.subvolume(),
                record.inode(),
                TimeUnit.SECONDS.toNanos(record.ctimeSeconds()) + record.ctimeNanos());
    }

    static ExecutableId of(ExecutableFile file, Mounts.FileSystem fileSystem) {
        return new ExecutableId(
                fileSystem.device(),
                fileSystem.type().equals(BTRFS) ? file.version().kernelDevice() : fileSystem.device(),
                file.location().inode(),
                file.version().changed().to(TimeUnit.NANOSECONDS));
    }

    /**
     * Returns whether a recorded id may be this running file's. With unknown subvolumes, two files differ only if one is a
     * snapshot of the other.
     */
    boolean mayBeOf(ExecutableId record) {
        return device == record.device
                && inode == record.inode
                && changedNanos == record.changedNanos
                && (subvolume == record.subvolume || record.subvolume == NOT_KNOWN);
    }
}
