package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Access to the C library with its own errno. Results are those of the man pages; {@link #errno} is that of the last
 * call through this object. Not thread-safe.
 */
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();

    private static final MethodHandle SOCKET = handle("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle CONNECT = handle("connect", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle BIND = handle("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SETSOCKOPT =
            handle("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle GETSOCKOPT =
            handle("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle SEND = handle("send", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle RECV = handle("recv", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle POLL = handle("poll", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle EVENTFD = handle("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle READ = handle("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITE = handle("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle GETSOCKNAME = handle("getsockname", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle OPEN = handle("open", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle FLOCK = handle("flock", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle READLINK = handle("readlink", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle STATX = handle("statx", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle OPENAT2 = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG),
            Linker.Option.captureCallState("errno"),
            Linker.Option.firstVariadicArg(1));
    private static final MethodHandle OPENAT = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("openat"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
            Linker.Option.captureCallState("errno"),
            Linker.Option.firstVariadicArg(3));
    private static final MethodHandle MKDIRAT = handle("mkdirat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle RENAMEAT = handle("renameat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle LINKAT =
            handle("linkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle UNLINKAT = handle("unlinkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle READLINKAT =
            handle("readlinkat", JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle FCHMOD = handle("fchmod", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle FCHOWN = handle("fchown", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle GETEUID = handle("geteuid", JAVA_INT);
    private static final MethodHandle FSYNC = handle("fsync", JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOCK_GETTIME = handle("clock_gettime", JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle SIGNAL = handle("signal", ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle MMAP =
            handle("mmap", ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MUNMAP = handle("munmap", JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle SETPRIORITY = handle("setpriority", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle CAPGET = handle("capget", JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle CAPSET = handle("capset", JAVA_INT, ADDRESS, ADDRESS);

    /** The number of openat2(2), on every architecture. */
    private static final long OPENAT2_NUMBER = 437;

    static final int AT_FDCWD = -100;

    private final MemorySegment state = Arena.ofAuto().allocate(STATE);

    private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(result, arguments),
                Linker.Option.captureCallState("errno"));
    }

    /** Returns the errno(3) of the last call; valid only if that call failed. */
    int errno() {
        return state.get(JAVA_INT, 0);
    }

    OsException failure(String call) {
        return new OsException(call, errno());
    }

    int socket(int family, int type, int protocol) {
        try {
            return (int) SOCKET.invokeExact(state, family, type, protocol);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int connect(int fd, MemorySegment address, int length) {
        try {
            return (int) CONNECT.invokeExact(state, fd, address, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int bind(int fd, MemorySegment address, int length) {
        try {
            return (int) BIND.invokeExact(state, fd, address, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int setsockopt(int fd, int level, int name, MemorySegment value, int length) {
        try {
            return (int) SETSOCKOPT.invokeExact(state, fd, level, name, value, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int getsockopt(int fd, int level, int name, MemorySegment value, MemorySegment length) {
        try {
            return (int) GETSOCKOPT.invokeExact(state, fd, level, name, value, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    long send(int fd, MemorySegment bytes, long length, int flags) {
        try {
            return (long) SEND.invokeExact(state, fd, bytes, length, flags);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    long recv(int fd, MemorySegment bytes, long length, int flags) {
        try {
            return (long) RECV.invokeExact(state, fd, bytes, length, flags);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int poll(MemorySegment descriptors, long count, int timeoutMillis) {
        try {
            return (int) POLL.invokeExact(state, descriptors, count, timeoutMillis);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int eventfd(int initial, int flags) {
        try {
            return (int) EVENTFD.invokeExact(state, initial, flags);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    long read(int fd, MemorySegment bytes, long length) {
        try {
            return (long) READ.invokeExact(state, fd, bytes, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    long write(int fd, MemorySegment bytes, long length) {
        try {
            return (long) WRITE.invokeExact(state, fd, bytes, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int getsockname(int fd, MemorySegment address, MemorySegment length) {
        try {
            return (int) GETSOCKNAME.invokeExact(state, fd, address, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int open(MemorySegment path, int flags) {
        try {
            return (int) OPEN.invokeExact(state, path, flags);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int flock(int fd, int operation) {
        try {
            return (int) FLOCK.invokeExact(state, fd, operation);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int close(int fd) {
        try {
            return (int) CLOSE.invokeExact(state, fd);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    long readlink(MemorySegment path, MemorySegment target, long length) {
        try {
            return (long) READLINK.invokeExact(state, path, target, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int statx(int fd, MemorySegment path, int flags, int mask, MemorySegment result) {
        try {
            return (int) STATX.invokeExact(state, fd, path, flags, mask, result);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /** Calls openat2(2); the C library has no wrapper. */
    int openat2(int folder, MemorySegment path, MemorySegment how, long bytes) {
        try {
            return (int) (long) OPENAT2.invokeExact(state, OPENAT2_NUMBER, folder, path, how, bytes);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int openat(int folder, MemorySegment path, int flags, int mode) {
        try {
            return (int) OPENAT.invokeExact(state, folder, path, flags, mode);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int mkdirat(int folder, MemorySegment path, int mode) {
        try {
            return (int) MKDIRAT.invokeExact(state, folder, path, mode);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int renameat(int folder, MemorySegment from, int toFolder, MemorySegment to) {
        try {
            return (int) RENAMEAT.invokeExact(state, folder, from, toFolder, to);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int linkat(int folder, MemorySegment from, int toFolder, MemorySegment to, int flags) {
        try {
            return (int) LINKAT.invokeExact(state, folder, from, toFolder, to, flags);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int unlinkat(int folder, MemorySegment path, int flags) {
        try {
            return (int) UNLINKAT.invokeExact(state, folder, path, flags);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    long readlinkat(int folder, MemorySegment path, MemorySegment target, long length) {
        try {
            return (long) READLINKAT.invokeExact(state, folder, path, target, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int fchmod(int fd, int mode) {
        try {
            return (int) FCHMOD.invokeExact(state, fd, mode);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int fchown(int fd, int uid, int gid) {
        try {
            return (int) FCHOWN.invokeExact(state, fd, uid, gid);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int fsync(int fd) {
        try {
            return (int) FSYNC.invokeExact(state, fd);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int geteuid() {
        try {
            return (int) GETEUID.invokeExact(state);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int clockGettime(int clock, MemorySegment timespec) {
        try {
            return (int) CLOCK_GETTIME.invokeExact(state, clock, timespec);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /** Calls signal(2), but doesn't return the previous handler, which callers know. */
    void signal(int number, MemorySegment handler) {
        try {
            MemorySegment before = (MemorySegment) SIGNAL.invokeExact(state, number, handler);
            assert before.address() != -1;
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /** Returns the address of a function for use as a signal handler. */
    static MemorySegment function(String name) {
        return LINKER.defaultLookup().findOrThrow(name);
    }

    MemorySegment mmap(long length, int protection, int flags, int fd) {
        try {
            return (MemorySegment) MMAP.invokeExact(state, MemorySegment.NULL, length, protection, flags, fd, 0L);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int munmap(MemorySegment address, long length) {
        try {
            return (int) MUNMAP.invokeExact(state, address, length);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int setpriority(int which, int who, int nice) {
        try {
            return (int) SETPRIORITY.invokeExact(state, which, who, nice);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int capget(MemorySegment header, MemorySegment data) {
        try {
            return (int) CAPGET.invokeExact(state, header, data);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    int capset(MemorySegment header, MemorySegment data) {
        try {
            return (int) CAPSET.invokeExact(state, header, data);
        } catch (Throwable e) {
            throw impossible(e);
        }
    }

    /** Wraps an exception of a downcall. It doesn't throw any; an exception here is an error in the types above, or fatal. */
    private static AssertionError impossible(Throwable e) {
        return new AssertionError("a foreign call of the wrong type", e);
    }
}
