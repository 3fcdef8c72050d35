package dev.throughline.os;

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

/** Whether native code can be unpacked to a folder and loaded from there, found out by trying. */
public final class CodeFolder {
    /** More than a library of Netty has. */
    private static final int BYTES = 512 << 10;

    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int PROT_READ_EXEC = 1 | 4;
    private static final int MAP_PRIVATE = 2;

    private CodeFolder() {}

    /** Why not, if not. */
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

    /** Mapped as a library is (mmap(2)): the kernel refuses it for noexec mounts, and by the rules of security modules. */
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
