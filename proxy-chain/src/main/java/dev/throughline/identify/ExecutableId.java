package dev.throughline.identify;

import dev.throughline.ebpf.ConnectRecord;
import java.util.concurrent.TimeUnit;

/**
 * An executable in one state, as the kernel saw it when its process connected: any write to the file, or another file in its
 * place, has another change time, which no call sets. The device isn't part of it, because some file systems (btrfs) show
 * another one to stat(2).
 *
 * @param changedNanos since 1970
 */
record ExecutableId(long inode, long changedNanos) {
    static ExecutableId of(ConnectRecord.Running process) {
        return new ExecutableId(
                process.inode(), TimeUnit.SECONDS.toNanos(process.ctimeSeconds()) + process.ctimeNanos());
    }

    static ExecutableId of(FileVersion version) {
        return new ExecutableId(version.inode(), version.changed().to(TimeUnit.NANOSECONDS));
    }
}
