package dev.throughline.os;

import java.nio.file.attribute.FileTime;

/**
 * The attributes of a file (statx(2)).
 *
 * @param major of the device that stat(2) shows, unsigned; some file systems (btrfs, overlayfs) show another one than that of
 *     their super block
 * @param minor of that device, unsigned
 * @param inode number, unsigned
 * @param size in bytes
 * @param links how many names it has
 * @param mode type and permissions (inode(7))
 * @param uid its owner, unsigned
 * @param modified when its bytes were last written, which its owner can set
 * @param changed when the file was last changed, attributes included, which no call sets
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
    /** Its device as stat(2) writes it, in glibc's order (makedev(3)). */
    public long device() {
        return (major & 0xFFFF_F000L) << 32 | (major & 0xFFFL) << 8 | (minor & 0xFFFF_FF00L) << 12 | (minor & 0xFFL);
    }

    /** Its device as the kernel counts it inside: the major number above 20 bits of the minor number. */
    public int kernelDevice() {
        return major << 20 | minor;
    }
}
