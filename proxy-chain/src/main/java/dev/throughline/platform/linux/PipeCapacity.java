package dev.throughline.platform.linux;

/**
 * The capacity of a pipe(7): 64 KiB when it is created, and two pages if the pipes of this user already have as much as the kernel
 * allows without CAP_SYS_RESOURCE (/proc/sys/fs/pipe-user-pages-soft, 64 MiB).
 */
public final class PipeCapacity {
    /** linux/fcntl.h. */
    private static final int F_SETPIPE_SZ = 1031;

    private static final int F_GETPIPE_SZ = 1032;

    private PipeCapacity() {}

    /**
     * Raises the capacity of a pipe, if the kernel allows it.
     *
     * @param descriptor either end
     * @param bytes wanted capacity
     * @return the capacity that it has now, in bytes
     */
    public static int raise(int descriptor, int bytes) {
        Libc libc = new Libc();
        int raised = libc.fcntl(descriptor, F_SETPIPE_SZ, bytes);
        return raised >= 0 ? raised : libc.fcntl(descriptor, F_GETPIPE_SZ, 0);
    }
}
