package dev.throughline.identify;

import dev.throughline.identify.ebpf.ConnectRecord;
import dev.throughline.platform.linux.Mounts;
import java.util.concurrent.TimeUnit;

/**
 * An executable in one state, as the kernel saw it when its process connected: any write to the file, or another file in its
 * place, has another change time. A file system that a user serves (fuse(4)) can show any inode and any time, but never the
 * device of another.
 *
 * @param device of the file system's super block, as the kernel counts it. stat(2) shows others of btrfs and overlayfs
 * @param subvolume what stat(2) shows of btrfs, whose subvolumes count their inodes each for itself; {@code device} elsewhere
 * @param inode its number, as the kernel counts it
 * @param changedNanos since 1970
 */
record ExecutableId(int device, int subvolume, long inode, long changedNanos) {
    /** A subvolume that isn't known. */
    static final int NOT_KNOWN = 0;

    private static final String BTRFS = "btrfs";

    static ExecutableId of(ConnectRecord.ProgramFile noted) {
        return new ExecutableId(
                noted.device(),
                noted.subvolume(),
                noted.inode(),
                TimeUnit.SECONDS.toNanos(noted.ctimeSeconds()) + noted.ctimeNanos());
    }

    static ExecutableId of(ExecutableFile file, Mounts.FileSystem fileSystem) {
        return new ExecutableId(
                fileSystem.device(),
                fileSystem.type().equals(BTRFS) ? file.version().kernelDevice() : fileSystem.device(),
                file.place().inode(),
                file.version().changed().to(TimeUnit.NANOSECONDS));
    }

    /** The same of a file that is known to run: subvolumes then differ only if one file is a snapshot of the other. */
    boolean mayBeOf(ExecutableId noted) {
        return device == noted.device
                && inode == noted.inode
                && changedNanos == noted.changedNanos
                && (subvolume == noted.subvolume || noted.subvolume == NOT_KNOWN);
    }
}
