package dev.throughline.platform.linux;

import java.nio.file.attribute.FileTime;

/**
 * The attributes of a file (statx(2)).
 *
 * @param major major number of the device in stat(2), unsigned; some file systems (btrfs, overlayfs) report another
 *     device than that of their super block
 * @param minor minor number of that device, unsigned
 * @param inode number, unsigned
 * @param size in bytes
 * @param links number of hard links
 * @param mode type and permissions (inode(7))
 * @param uid owner, unsigned
 * @param modified time of the last write, which the owner can set
 * @param changed time of the last change, including attributes, which can't be set
 */
public record FileStatus(
        int major,
        int minor,
        long inode,
        long size,
        int links,
        int mode,
        int uid,
        FileTime modified,
        FileTime changed) {
    /** Returns the device in the encoding of stat(2) (glibc, makedev(3)). */
    public long device() {
        return (major & 0xFFFF_F000L) << 32 | (major & 0xFFFL) << 8 | (minor & 0xFFFF_FF00L) << 12 | (minor & 0xFFL);
    }
}
