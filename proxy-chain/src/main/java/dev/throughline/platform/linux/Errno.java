package dev.throughline.platform.linux;

/**
 * Error numbers of Linux (asm-generic/errno-base.h, errno.h). The texts don't come from strerror(3), because that
 * depends on the locale, and a log line should be the same on every host.
 */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int EBADF = 9;
    static final int EAGAIN = 11;
    public static final int EACCES = 13;
    static final int EEXIST = 17;
    public static final int ENOTDIR = 20;
    public static final int EINVAL = 22;
    public static final int ENOSYS = 38;
    static final int EBADMSG = 74;
    static final int ENOBUFS = 105;
    public static final int ELOOP = 40;
    static final int EMSGSIZE = 90;

    private Errno() {}

    /** Returns the name and the meaning of {@code errno}. */
    public static String text(int errno) {
        return switch (errno) {
            case EPERM -> "EPERM (operation not permitted)";
            case ENOENT -> "ENOENT (no such file or directory)";
            case 3 -> "ESRCH (no such process)";
            case EINTR -> "EINTR (interrupted)";
            case EBADF -> "EBADF (bad file descriptor)";
            case EAGAIN -> "EAGAIN (no answer in time)";
            case 12 -> "ENOMEM (out of memory)";
            case EACCES -> "EACCES (permission denied)";
            case 16 -> "EBUSY (busy)";
            case EEXIST -> "EEXIST (already exists)";
            case ENOTDIR -> "ENOTDIR (not a directory)";
            case 21 -> "EISDIR (is a directory)";
            case EINVAL -> "EINVAL (invalid argument)";
            case 23 -> "ENFILE (too many open files on this host)";
            case 24 -> "EMFILE (too many open files in this process)";
            case 26 -> "ETXTBSY (file is being executed)";
            case 28 -> "ENOSPC (no space left)";
            case 30 -> "EROFS (read-only file system)";
            case 32 -> "EPIPE (broken pipe)";
            case ENOSYS -> "ENOSYS (this kernel has no such system call)";
            case ELOOP -> "ELOOP (too many symbolic links)";
            case EBADMSG -> "EBADMSG (malformed answer)";
            case EMSGSIZE -> "EMSGSIZE (answer too long)";
            case 93 -> "EPROTONOSUPPORT (protocol not supported)";
            case 95 -> "EOPNOTSUPP (not supported)";
            case 97 -> "EAFNOSUPPORT (address family not supported)";
            case 98 -> "EADDRINUSE (address already in use)";
            case 99 -> "EADDRNOTAVAIL (address not available)";
            case 101 -> "ENETUNREACH (network unreachable)";
            case 104 -> "ECONNRESET (connection reset)";
            case 105 -> "ENOBUFS (no buffer space)";
            case 110 -> "ETIMEDOUT (connection timed out)";
            case 111 -> "ECONNREFUSED (connection refused)";
            case 113 -> "EHOSTUNREACH (no route to host)";
            case 122 -> "EDQUOT (no space left for this user)";
            default -> "errno " + errno;
        };
    }
}
