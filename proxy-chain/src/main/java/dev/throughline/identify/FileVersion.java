package dev.throughline.identify;

import dev.throughline.originator.FileId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;

/**
 * A file and its content, as far as stat(2) tells: any write changes {@code changed}, which no call sets back.
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

    boolean isSameFile(FileVersion other) {
        return device == other.device && inode == other.inode;
    }

    /** Its numbers: st_dev has 12 and 20 bits of the device's, and more above, in glibc's order (makedev(3)). */
    FileId id() {
        int major = (int) ((device >>> 8 & 0xFFF) | (device >>> 32 & ~0xFFF));
        int minor = (int) ((device & 0xFF) | (device >>> 12 & ~0xFF));
        return new FileId(major, minor, inode);
    }

    private static Object value(Map<String, Object> stat, String name) {
        return Objects.requireNonNull(stat.get(name), name);
    }
}
