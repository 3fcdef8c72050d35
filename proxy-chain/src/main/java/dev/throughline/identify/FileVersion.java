package dev.throughline.identify;

import dev.throughline.originator.FileId;
import dev.throughline.platform.linux.FileStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;

/**
 * A file and its content, as identified by stat(2): any write changes {@code changed}, which no system call can set back.
 *
 * @param size in bytes
 */
record FileVersion(long device, long inode, long size, FileTime modified, FileTime changed) {
    static FileVersion of(Path path) throws IOException {
        Map<String, Object> stat = Files.readAttributes(path, "unix:dev,ino,size,lastModifiedTime,ctime");
        return new FileVersion(
                (long) value(stat, "dev"),
                (long) value(stat, "ino"),
                (long) value(stat, "size"),
                (FileTime) value(stat, "lastModifiedTime"),
                (FileTime) value(stat, "ctime"));
    }

    static FileVersion of(FileStatus status) {
        return new FileVersion(status.device(), status.inode(), status.size(), status.modified(), status.changed());
    }

    /**
     * Returns the file's id. st_dev has 12 and 20 bits of the device's numbers, and the rest above, in glibc's order
     * (makedev(3)).
     */
    FileId id() {
        int major = (int) ((device >>> 8 & 0xFFF) | (device >>> 32 & ~0xFFF));
        int minor = (int) ((device & 0xFF) | (device >>> 12 & ~0xFF));
        return new FileId(major, minor, inode);
    }

    /** Returns the device in the kernel's encoding: the major number above 20 bits of the minor number. */
    int kernelDevice() {
        FileId id = id();
        return id.major() << 20 | id.minor();
    }

    private static Object value(Map<String, Object> stat, String name) {
        return Objects.requireNonNull(stat.get(name), name);
    }
}
