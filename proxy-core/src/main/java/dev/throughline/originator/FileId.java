package dev.throughline.originator;

/**
 * One file of a host, whatever it is called: only while it exists, since both numbers are given again.
 *
 * @param major of the device of its file system, unsigned
 * @param minor of that device, unsigned
 * @param inode its number in the file system, unsigned
 */
public record FileId(int major, int minor, long inode) {
    /** {@return MAJOR:MINOR:INODE in decimal, as {@code stat -c %Hd:%Ld:%i} shows it} */
    @Override
    public String toString() {
        return Integer.toUnsignedString(major) + ":" + Integer.toUnsignedString(minor) + ":"
                + Long.toUnsignedString(inode);
    }
}
