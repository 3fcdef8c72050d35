package dev.throughline.platform.linux;

/** The capacity of a pipe(7): 64 KiB when it is created. */
public final class PipeCapacity {
    /** F_SETPIPE_SZ (linux/fcntl.h). */
    private static final int SET = 1031;

    private PipeCapacity() {}

    /**
     * Raises the capacity of a pipe. It keeps its capacity if the pipes of this user already have as much as the kernel allows
     * (/proc/sys/fs/pipe-user-pages-soft).
     *
     * @param descriptor either end
     * @return whether it has {@code bytes} now
     */
    public static boolean raise(int descriptor, int bytes) {
        return new Libc().fcntl(descriptor, SET, bytes) >= 0;
    }
}
