package dev.throughline.identify;

import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.PinnedFile;
import java.io.IOException;
import java.util.Optional;

/**
 * An executable as one file in one state. None of this asks its file system, which a user may serve (fuse(4)) and which may
 * never answer.
 *
 * @param version as stat(2) shows it
 * @param place its mount, and its inode as the kernel counts it
 */
record ExecutableFile(FileVersion version, PinnedFile.Place place) {
    private static final String OVERLAY = "overlay";

    static ExecutableFile of(PinnedFile file) throws IOException {
        return new ExecutableFile(FileVersion.of(file.status()), file.place());
    }

    /**
     * Its file system.
     *
     * @param process one in whose mount namespace it lies: a pid, or {@code self}
     * @return empty if it lies in another one, or its mount was taken away
     * @throws IOException if the process has ended, or access is denied
     */
    Optional<Mounts.FileSystem> fileSystem(String process) throws IOException {
        return Mounts.fileSystem(process, place.mount());
    }

    /** Whether both are one file. Of several devices that a file system shows (btrfs), it is the same. */
    boolean isSameFile(Mounts.FileSystem own, ExecutableFile other, Mounts.FileSystem others) {
        return own.device() == others.device()
                && place.inode() == other.place.inode()
                && version.device() == other.version.device();
    }

    /**
     * Whether all who read the file get the bytes that run. A process serves those of FUSE, and can serve each reader others;
     * so it can through an overlay, which every user can mount over FUSE in a namespace of his own.
     */
    static boolean hasOneContent(Mounts.FileSystem fileSystem) throws IOException {
        String type = fileSystem.type();
        if (type.startsWith("fuse") || type.equals("virtiofs")) {
            return false;
        }
        return !type.equals(OVERLAY) || HostPaths.mountsDevice(fileSystem.device());
    }
}
