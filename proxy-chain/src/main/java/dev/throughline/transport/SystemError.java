package dev.throughline.transport;

import dev.throughline.os.Errno;
import io.netty.channel.unix.Errors;
import java.io.FileNotFoundException;
import java.net.NoRouteToHostException;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The errno(3) of a failed call, as Netty tells it: in an exception's cause, however often it is wrapped, or as a number in
 * a message. The words beside the number are those of the locale.
 */
public final class SystemError {
    public static final int EPERM = 1;
    public static final int EINTR = 4;
    public static final int ENOMEM = 12;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int ENOSPC = 28;
    public static final int EADDRNOTAVAIL = 99;
    public static final int ENOBUFS = 105;
    public static final int ECONNREFUSED = 111;

    private static final Pattern NUMBER = Pattern.compile("error\\(-(\\d+)\\)");
    private static final Pattern ADDRESS = Pattern.compile(": [^ /]*/\\S+:\\d+$");
    private static final int MAX_CAUSES = 16;

    private SystemError() {}

    /** The number, if there is one. */
    public static OptionalInt of(@Nullable Throwable problem) {
        Throwable cause = problem;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
            if (cause instanceof Errors.NativeIoException system) {
                return OptionalInt.of(-system.expectedErr());
            }
            Matcher number = NUMBER.matcher(String.valueOf(cause.getMessage()));
            if (number.find()) {
                return OptionalInt.of(Integer.parseInt(number.group(1)));
            }
            cause = cause.getCause();
        }
        return OptionalInt.empty();
    }

    /**
     * Returns what failed, for a message. Netty's own texts end with the address, which the message names already, and its
     * exceptions for ENETUNREACH, EHOSTUNREACH and ENOENT have no text.
     */
    static String text(Throwable problem) {
        OptionalInt errno = of(problem);
        if (errno.isPresent()) {
            return Errno.text(errno.getAsInt());
        }
        if (problem instanceof NoRouteToHostException) {
            return "no route to host (ENETUNREACH or EHOSTUNREACH)";
        }
        if (problem instanceof FileNotFoundException) {
            return Errno.text(Errno.ENOENT);
        }
        String message = problem.getMessage();
        return message == null
                ? problem.getClass().getSimpleName()
                : ADDRESS.matcher(message).replaceFirst("");
    }

    /** Whether a descriptor is what there is none of. */
    public static boolean isOfDescriptors(int errno) {
        return errno == EMFILE || errno == ENFILE;
    }

    /** What there is no more of, and what to do, of the errors that say so. */
    public static String shortage(int errno) {
        return switch (errno) {
            case EMFILE ->
                "this process has reached its limit of open files (raise LimitNOFILE= of the unit, or ulimit -n)";
            case ENFILE -> "this host has reached its limit of open files (raise fs.file-max)";
            case ENOSPC -> "this user has reached its limit of watched files (raise fs.epoll.max_user_watches)";
            case ENOMEM -> "the kernel has no memory for a socket (ENOMEM)";
            case ENOBUFS -> "the kernel has no buffer for a socket (ENOBUFS)";
            default -> "errno " + errno;
        };
    }
}
