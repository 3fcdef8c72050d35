package dev.throughline.platform.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** A test of whether native code can be unpacked to a directory and loaded from there. */
public final class CodeFolder {
    /** More than the size of a Netty library. */
    private static final int BYTES = 512 << 10;

    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int PROT_READ_EXEC = 1 | 4;
    private static final int MAP_PRIVATE = 2;

    private CodeFolder() {}

    /** Returns why it can't; empty if it can. */
    public static Optional<String> objection(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Optional.of("no such directory");
        }
        Path file = folder.resolve("throughline-" + ProcessHandle.current().pid() + "-" + System.nanoTime());
        try {
            Files.write(file, new byte[BYTES], StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            try {
                return isExecutable(file) ? Optional.empty() : Optional.of("not executable (mounted noexec?)");
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (AccessDeniedException e) {
            return Optional.of("not writable");
        } catch (NoSuchFileException e) {
            return Optional.of("no such directory");
        } catch (FileSystemException e) {
            return Optional.of(String.valueOf(e.getReason()));
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Maps the file like a library (mmap(2)): the kernel refuses that on noexec mounts, and security modules may refuse
     * it.
     */
    private static boolean isExecutable(Path file) throws OsException {
        Libc libc = new Libc();
        try (Arena arena = Arena.ofConfined()) {
            int fd = libc.open(arena.allocateFrom(file.toString()), O_RDONLY_CLOEXEC);
            if (fd < 0) {
                throw libc.failure("open");
            }
            try {
                MemorySegment mapped = libc.mmap(BYTES, PROT_READ_EXEC, MAP_PRIVATE, fd);
                boolean refused = mapped.address() == -1;
                if (!refused) {
                    libc.munmap(mapped, BYTES);
                }
                return !refused;
            } finally {
                libc.close(fd);
            }
        }
    }
}
