package dev.throughline.transport;

import com.google.common.primitives.Ints;
import dev.throughline.engine.ErrnoException;
import dev.throughline.platform.linux.Errno;
import io.netty.channel.unix.Errors;
import java.io.FileNotFoundException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The errno(3) of a system call that Netty or Java made. {@link ErrnoException} and Netty's {@link Errors.NativeIoException} have it
 * as a number, and other exceptions may wrap them. Netty's exceptions for connect(2) and for sockets that can't be created have it only in the fixed
 * part of their message; the text of strerror(3) after it is not read, since it depends on the locale.
 */
public final class SystemError {
    public static final int EPERM = 1;
    public static final int EINTR = 4;
    static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int ENOSPC = 28;
    public static final int EADDRNOTAVAIL = 99;
    static final int ENETUNREACH = 101;
    public static final int ENOBUFS = 105;
    public static final int ECONNREFUSED = 111;
    static final int EHOSTUNREACH = 113;

    private static final String BEFORE_NUMBER = "error(-";
    private static final String AFTER_NUMBER = ")";
    private static final int MAX_CAUSES = 16;

    private SystemError() {}

    /** Returns the number, if {@code problem} or one of its causes has one. */
    public static OptionalInt of(@Nullable Throwable problem) {
        Throwable cause = problem;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
            OptionalInt errno = switch (cause) {
                case ErrnoException system -> OptionalInt.of(system.errno());
                case Errors.NativeIoException system -> OptionalInt.of(-system.expectedErr());
                default -> inMessage(String.valueOf(cause.getMessage()));
            };
            if (errno.isPresent()) {
                return errno;
            }
            cause = cause.getCause();
        }
        return OptionalInt.empty();
    }

    /** Returns N of "connect(..) failed with error(-N): ...". */
    private static OptionalInt inMessage(String message) {
        int start = message.indexOf(BEFORE_NUMBER);
        int end = start < 0 ? -1 : message.indexOf(AFTER_NUMBER, start);
        if (end < 0) {
            return OptionalInt.empty();
        }
        Integer number = Ints.tryParse(message.substring(start + BEFORE_NUMBER.length(), end));
        return number == null ? OptionalInt.empty() : OptionalInt.of(number);
    }

    /** Returns the text for a connection to {@code destination}, which Netty's own texts repeat at their end. */
    static String text(Throwable problem, InetSocketAddress destination) {
        String text = text(problem);
        String address = ": " + destination;
        return text.endsWith(address) ? text.substring(0, text.length() - address.length()) : text;
    }

    /**
     * Returns a description of the failure. Netty's exceptions for ENETUNREACH, EHOSTUNREACH and ENOENT have neither number nor
     * text.
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
        return message == null ? problem.getClass().getSimpleName() : message;
    }

    /** Returns whether {@code errno} says that no file descriptor is left. */
    public static boolean isOfDescriptors(int errno) {
        return errno == EMFILE || errno == ENFILE;
    }

    /** Returns the exhausted resource and a remedy, for the errors that mean a shortage. */
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
