package dev.throughline.originator;

/**
 * The identity of a file on a host, independent of its path. Valid while the file exists: the system reuses both numbers.
 *
 * @param major major number of the file system's device, unsigned
 * @param minor minor number of that device, unsigned
 * @param inode inode number, unsigned
 */
public record FileId(int major, int minor, long inode) {
    /** {@return MAJOR:MINOR:INODE in decimal, as {@code stat -c %Hd:%Ld:%i} shows it} */
    @Override
    public String toString() {
        return Integer.toUnsignedString(major) + ":" + Integer.toUnsignedString(minor) + ":"
                + Long.toUnsignedString(inode);
    }
}
