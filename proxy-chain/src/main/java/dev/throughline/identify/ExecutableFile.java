package dev.throughline.identify;

import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.PinnedFile;
import java.io.IOException;
import java.util.Optional;

/**
 * An executable file in one version. Its own file system is never accessed: a user may serve it (fuse(4)) and let it hang.
 *
 * @param version the version as in stat(2)
 * @param location its mount and kernel inode
 */
record ExecutableFile(FileVersion version, PinnedFile.Location location) {
    private static final String OVERLAY = "overlay";

    static ExecutableFile of(PinnedFile file) throws IOException {
        return new ExecutableFile(FileVersion.of(file.status()), file.location());
    }

    /**
     * Returns its file system.
     *
     * @param process a process whose mount namespace has the file: a pid, or {@code self}
     * @return empty if it is in another one, or was unmounted
     * @throws IOException if the process has ended, or access is denied
     */
    Optional<Mounts.FileSystem> fileSystem(String process) throws IOException {
        return Mounts.fileSystem(process, location.mount());
    }

    /**
     * Returns whether both are the same file. Some file systems have several devices in stat(2) (btrfs); those are resolved
     * here.
     */
    boolean isSameFile(Mounts.FileSystem own, ExecutableFile other, Mounts.FileSystem others) {
        return own.device() == others.device()
                && location.inode() == other.location.inode()
                && version.device() == other.version.device();
    }

    /**
     * Returns whether all readers of the file get the bytes that run. A process that serves a FUSE file system can give each
     * reader others; so it can through an overlay, which every user can mount over FUSE in a user namespace.
     */
    static boolean hasOneContent(Mounts.FileSystem fileSystem) throws IOException {
        String type = fileSystem.type();
        if (type.startsWith("fuse") || type.equals("virtiofs")) {
            return false;
        }
        return !type.equals(OVERLAY) || HostPaths.mountsDevice(fileSystem.device());
    }
}
