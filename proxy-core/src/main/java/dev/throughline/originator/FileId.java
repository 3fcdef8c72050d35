package dev.throughline.originator;

/**
 * The identity of a file on a host, independent of its path. Valid while the file exists: the system reuses both numbers.
 *
 * @param major major number of the file system's device, unsigned
 * @param minor minor number of that device, unsigned
 * @param inode inode number, unsigned
 */
public record FileId(int major, int minor, long inode) {
    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof FileId that && inode == that.inode && major == that.major && minor == that.minor;
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return 31 * (31 * major + minor) + Long.hashCode(inode);
    }

    /** {@return MAJOR:MINOR:INODE in decimal, as {@code stat -c %Hd:%Ld:%i} shows it} */
    @Override
    public String toString() {
        return Integer.toUnsignedString(major) + ":" + Integer.toUnsignedString(minor) + ":"
                + Long.toUnsignedString(inode);
    }
}
