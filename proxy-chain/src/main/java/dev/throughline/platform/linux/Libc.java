package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * Access to the C library with its own errno. Results are those of the man pages; {@link #errno} is that of the last
 * call through this object. Not thread-safe.
 */
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();

    /**
     * The type of every function here. The virtual machine generates about 15 classes for each type, 4 ms of the CPU time of a
     * start. On x86-64 and aarch64 the C library of Linux gets pointers and integers in the same registers, takes what it needs of
     * an int's register, and doesn't read those of arguments that it hasn't. With addresses as types, a call would check the scope of
     * each argument, which takes as long as the call.
     */
    private static final MethodHandle CALL = LINKER.downcallHandle(
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.captureCallState("errno"));

    private static final MemorySegment NONE = MemorySegment.NULL;
    private static final MemorySegment SOCKET = function("socket");
    private static final MemorySegment CONNECT = function("connect");
    private static final MemorySegment BIND = function("bind");
    private static final MemorySegment SETSOCKOPT = function("setsockopt");
    private static final MemorySegment GETSOCKOPT = function("getsockopt");
    private static final MemorySegment SEND = function("send");
    private static final MemorySegment RECV = function("recv");
    private static final MemorySegment POLL = function("poll");
    private static final MemorySegment EVENTFD = function("eventfd");
    private static final MemorySegment READ = function("read");
    private static final MemorySegment WRITE = function("write");
    private static final MemorySegment GETSOCKNAME = function("getsockname");
    private static final MemorySegment OPEN = function("open");
    private static final MemorySegment FLOCK = function("flock");
    private static final MemorySegment CLOSE = function("close");
    private static final MemorySegment READLINK = function("readlink");
    private static final MemorySegment STATX = function("statx");
    private static final MemorySegment OPENAT = function("openat");
    private static final MemorySegment MKDIRAT = function("mkdirat");
    private static final MemorySegment RENAMEAT = function("renameat");
    private static final MemorySegment LINKAT = function("linkat");
    private static final MemorySegment UNLINKAT = function("unlinkat");
    private static final MemorySegment READLINKAT = function("readlinkat");
    private static final MemorySegment FCHMOD = function("fchmod");
    private static final MemorySegment FCHOWN = function("fchown");
    private static final MemorySegment GETEUID = function("geteuid");
    private static final MemorySegment FSYNC = function("fsync");
    private static final MemorySegment CLOCK_GETTIME = function("clock_gettime");
    private static final MemorySegment SIGNAL = function("signal");
    private static final MemorySegment MMAP = function("mmap");
    private static final MemorySegment MUNMAP = function("munmap");
    private static final MemorySegment SETPRIORITY = function("setpriority");
    private static final MemorySegment FCNTL = function("fcntl");
    private static final MemorySegment CAPGET = function("capget");
    private static final MemorySegment CAPSET = function("capset");
    private static final MemorySegment SYSCALL = function("syscall");

    /** The number of openat2(2), on every architecture. */
    private static final long OPENAT2_NUMBER = 437;

    static final int AT_FDCWD = -100;

    private final MemorySegment state = Arena.ofAuto().allocate(STATE);

    /** Returns the errno(3) of the last call; valid only if that call failed. */
    int errno() {
        return state.get(JAVA_INT, 0);
    }

    /** Sets the error of a call that isn't made. */
    void fail(int errno) {
        state.set(JAVA_INT, 0, errno);
    }

    OsException failure(String call) {
        return new OsException(call, errno());
    }

    int socket(int family, int type, int protocol) {
        return (int) call(SOCKET, word(family), word(type), word(protocol));
    }

    int connect(int fd, MemorySegment address, int length) {
        return (int) call(CONNECT, word(fd), address, word(length));
    }

    int bind(int fd, MemorySegment address, int length) {
        return (int) call(BIND, word(fd), address, word(length));
    }

    int setsockopt(int fd, int level, int name, MemorySegment value, int length) {
        return (int) call(SETSOCKOPT, word(fd), word(level), word(name), value, word(length));
    }

    int getsockopt(int fd, int level, int name, MemorySegment value, MemorySegment length) {
        return (int) call(GETSOCKOPT, word(fd), word(level), word(name), value, length);
    }

    long send(int fd, MemorySegment bytes, long length, int flags) {
        return call(SEND, word(fd), bytes, word(length), word(flags));
    }

    long recv(int fd, MemorySegment bytes, long length, int flags) {
        return call(RECV, word(fd), bytes, word(length), word(flags));
    }

    int poll(MemorySegment descriptors, long count, int timeoutMillis) {
        return (int) call(POLL, descriptors, word(count), word(timeoutMillis));
    }

    int eventfd(int initial, int flags) {
        return (int) call(EVENTFD, word(initial), word(flags));
    }

    long read(int fd, MemorySegment bytes, long length) {
        return call(READ, word(fd), bytes, word(length));
    }

    long write(int fd, MemorySegment bytes, long length) {
        return call(WRITE, word(fd), bytes, word(length));
    }

    int getsockname(int fd, MemorySegment address, MemorySegment length) {
        return (int) call(GETSOCKNAME, word(fd), address, length);
    }

    int open(MemorySegment path, int flags) {
        return (int) call(OPEN, path, word(flags));
    }

    int flock(int fd, int operation) {
        return (int) call(FLOCK, word(fd), word(operation));
    }

    int close(int fd) {
        return (int) call(CLOSE, word(fd));
    }

    long readlink(MemorySegment path, MemorySegment target, long length) {
        return call(READLINK, path, target, word(length));
    }

    int statx(int fd, MemorySegment path, int flags, int mask, MemorySegment result) {
        return (int) call(STATX, word(fd), path, word(flags), word(mask), result);
    }

    /** Calls openat2(2); the C library has no wrapper. */
    int openat2(int folder, MemorySegment path, MemorySegment how, long bytes) {
        return (int) call(SYSCALL, word(OPENAT2_NUMBER), word(folder), path, how, word(bytes));
    }

    int openat(int folder, MemorySegment path, int flags, int mode) {
        return (int) call(OPENAT, word(folder), path, word(flags), word(mode));
    }

    int mkdirat(int folder, MemorySegment path, int mode) {
        return (int) call(MKDIRAT, word(folder), path, word(mode));
    }

    int renameat(int folder, MemorySegment from, int toFolder, MemorySegment to) {
        return (int) call(RENAMEAT, word(folder), from, word(toFolder), to);
    }

    int linkat(int folder, MemorySegment from, int toFolder, MemorySegment to, int flags) {
        return (int) call(LINKAT, word(folder), from, word(toFolder), to, word(flags));
    }

    int unlinkat(int folder, MemorySegment path, int flags) {
        return (int) call(UNLINKAT, word(folder), path, word(flags));
    }

    long readlinkat(int folder, MemorySegment path, MemorySegment target, long length) {
        return call(READLINKAT, word(folder), path, target, word(length));
    }

    int fchmod(int fd, int mode) {
        return (int) call(FCHMOD, word(fd), word(mode));
    }

    int fchown(int fd, int uid, int gid) {
        return (int) call(FCHOWN, word(fd), word(uid), word(gid));
    }

    int fsync(int fd) {
        return (int) call(FSYNC, word(fd));
    }

    int geteuid() {
        return (int) call(GETEUID);
    }

    int clockGettime(int clock, MemorySegment timespec) {
        return (int) call(CLOCK_GETTIME, word(clock), timespec);
    }

    /** Calls signal(2), but doesn't return the previous handler, which callers know. */
    void signal(int number, MemorySegment handler) {
        long before = call(SIGNAL, word(number), handler);
        assert before != -1;
    }

    MemorySegment mmap(long length, int protection, int flags, int fd) {
        return MemorySegment.ofAddress(call(MMAP, NONE, word(length), word(protection), word(flags), word(fd), NONE));
    }

    int munmap(MemorySegment address, long length) {
        return (int) call(MUNMAP, address, word(length));
    }

    int setpriority(int which, int who, int nice) {
        return (int) call(SETPRIORITY, word(which), word(who), word(nice));
    }

    int fcntl(int fd, int command, int argument) {
        return (int) call(FCNTL, word(fd), word(command), word(argument));
    }

    int capget(MemorySegment header, MemorySegment data) {
        return (int) call(CAPGET, header, data);
    }

    int capset(MemorySegment header, MemorySegment data) {
        return (int) call(CAPSET, header, data);
    }

    /** Calls syscall(2), for what the C library has no function; {@link #word} makes arguments of integers. */
    long syscall(MemorySegment number, MemorySegment first, MemorySegment second, MemorySegment third) {
        return call(SYSCALL, number, first, second, third);
    }

    /** Returns the address of a function for use as a signal handler. */
    static MemorySegment function(String name) {
        return LINKER.defaultLookup().findOrThrow(name);
    }

    /** Returns an integer argument for {@link #call}. */
    static MemorySegment word(long value) {
        return MemorySegment.ofAddress(value);
    }

    /**
     * Calls a function of at most six arguments, which are integers or pointers, and returns its result.
     *
     * @param arguments in native memory, which isn't released by another thread meanwhile
     */
    long call(MemorySegment function, MemorySegment... arguments) {
        try {
            return (long) CALL.invokeExact(
                    function,
                    state,
                    argument(arguments, 0),
                    argument(arguments, 1),
                    argument(arguments, 2),
                    argument(arguments, 3),
                    argument(arguments, 4),
                    argument(arguments, 5));
        } catch (Throwable e) {
            // A downcall doesn't throw any: it's an error in the type above, or fatal.
            throw new AssertionError("a foreign call of the wrong type", e);
        } finally {
            Reference.reachabilityFence(arguments);
        }
    }

    private static long argument(MemorySegment[] arguments, int index) {
        return index < arguments.length ? arguments[index].address() : 0;
    }
}
