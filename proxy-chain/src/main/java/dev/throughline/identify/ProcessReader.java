package dev.throughline.identify;

import dev.throughline.header.Bytes;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Code;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.PinnedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * A reader of processes. It ensures that all parts belong to one process instance while it held the sockets: view, pinned
 * executable, links of the sockets, and the same view again.
 */
final class ProcessReader {
    /**
     * The properties of a process that stayed the same while it was read.
     *
     * @param program the executable
     * @param held the file descriptors that still held their sockets
     * @param parent the parent while it was read; another process may adopt it later
     * @param commandLine keyed hash, if configured; a process can overwrite its command line
     */
    record Reading(
            ProcessView view,
            Optional<Program> program,
            Set<Integer> held,
            Optional<ProcessId> parent,
            CompletableFuture<Optional<Bytes>> commandLine) {
        /** Returns the SHA-256 of its executable. */
        CompletableFuture<Optional<Bytes>> digest() {
            return program.map(Program::digest).orElseGet(() -> CompletableFuture.completedFuture(Optional.empty()));
        }

        /** Returns the path of its executable. */
        CompletableFuture<ExecutablePath> path() {
            return program.map(Program::path)
                    .orElseGet(() -> CompletableFuture.completedFuture(ExecutablePath.UNKNOWN));
        }

        /** Returns the reading with details whose reads may hang in a file system or in the process's memory. */
        CompletableFuture<DetailedReading> described() {
            return path().thenCombine(commandLine, (path, line) -> new DetailedReading(this, path, line));
        }
    }

    /**
     * A running executable.
     *
     * @param path its path, which may not be complete yet
     * @param digest SHA-256, which may not be complete yet
     */
    record Program(
            ExecutableFile file,
            Mounts.FileSystem fileSystem,
            CompletableFuture<ExecutablePath> path,
            CompletableFuture<Optional<Bytes>> digest) {
        ExecutableId id() {
            return ExecutableId.of(file, fileSystem);
        }
    }

    /** A reading with the slow details. */
    record DetailedReading(Reading reading, ExecutablePath path, Optional<Bytes> commandLine) {
        /** Returns the code that it runs, with the digest {@code sha256}. */
        Code code(Optional<Bytes> sha256) {
            return new Code(
                    path.text(),
                    sha256,
                    reading.view.command(),
                    reading.view.executable().map(file -> file.version().id()),
                    path.state(),
                    AppleSignature.UNKNOWN);
        }

        ProcessContext processContext(Optional<String> userName) {
            return new ProcessContext(userName, reading.parent, commandLine, reading.view.audit());
        }
    }

    /** A reader of process views. */
    interface Views {
        ProcessView of(int pid) throws IOException;
    }

    private final ExecutableDigests digests;
    private final Optional<CommandLineHash> commandLines;
    private final BoundedReads reads;
    private final HostPaths paths;
    private final Views views;

    ProcessReader(ExecutableDigests digests, Optional<CommandLineHash> commandLines, BoundedReads reads) {
        this(digests, commandLines, reads, ProcessView::read);
    }

    ProcessReader(ExecutableDigests digests, Optional<CommandLineHash> commandLines, BoundedReads reads, Views views) {
        this.digests = digests;
        this.commandLines = commandLines;
        this.reads = reads;
        this.paths = new HostPaths(reads);
        this.views = views;
    }

    /** Reads a process; empty if it ended, ran another executable or changed in any other way meanwhile. */
    Optional<Reading> read(int pid, Map<Integer, Long> socketByDescriptor) {
        try {
            ProcessView before = views.of(pid);
            Optional<Program> program = before.executable().isPresent()
                    ? program(
                            pid, before.executable().get(), before.credentials().unsignedUid())
                    : Optional.empty();
            Set<Integer> held = held(pid, socketByDescriptor);
            Optional<ProcessId> parent = ParentProcess.of(pid, ProcessView::stat);
            if (!before.equals(views.of(pid))) {
                return Optional.empty();
            }
            return Optional.of(new Reading(before, program, held, parent, commandLine(pid, before)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * Returns the executable that the process with this pid and start time runs now; empty if it has ended, or may not be read.
     *
     * @param user the user on whose behalf it is hashed, unsigned
     */
    Optional<Program> program(int pid, long startTicks, long user) {
        try (PinnedFile now = PinnedFile.open("/proc/" + pid + "/exe")) {
            Optional<Program> program = program(pid, ExecutableFile.of(now), user);
            return ProcText.startTime(ProcessView.stat(pid)) == startTicks ? program : Optional.empty();
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    private Optional<Program> program(int pid, ExecutableFile expected, long user) throws IOException {
        PinnedFile pinned = PinnedFile.open("/proc/" + pid + "/exe");
        try {
            if (!ExecutableFile.of(pinned).equals(expected)) {
                throw new IOException("process " + pid + " runs another executable now");
            }
            Optional<Mounts.FileSystem> fileSystem = expected.fileSystem(Integer.toString(pid));
            if (fileSystem.isEmpty()) {
                pinned.close();
                return Optional.empty();
            }
            CompletableFuture<ExecutablePath> path = ExecutablePath.of(pinned, expected, fileSystem.get(), paths);
            return Optional.of(new Program(
                    expected, fileSystem.get(), path, digests.of(pinned, expected, fileSystem.get(), user)));
        } catch (IOException | RuntimeException e) {
            pinned.close();
            throw e;
        }
    }

    /**
     * Hashes the command line on a separate thread: a process can withhold the memory with its command line (userfaultfd(2)).
     * It belongs to the program that ran before if the process is the same afterwards.
     */
    private CompletableFuture<Optional<Bytes>> commandLine(int pid, ProcessView before) {
        if (commandLines.isEmpty()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        return reads.read(
                "the memory of processes of user " + before.credentials().unsignedUid(),
                () -> {
                    Optional<Bytes> hash = commandLines.get().of(Path.of("/proc/" + pid + "/cmdline"));
                    return before.equals(views.of(pid)) ? hash : Optional.empty();
                },
                Optional.empty());
    }

    private static Set<Integer> held(int pid, Map<Integer, Long> socketByDescriptor) {
        Set<Integer> held = new HashSet<>();
        socketByDescriptor.forEach((fd, inode) -> {
            try {
                Path link = Files.readSymbolicLink(Path.of("/proc/" + pid + "/fd/" + fd));
                if (link.toString().equals("socket:[" + inode + "]")) {
                    held.add(fd);
                }
            } catch (IOException closedMeanwhile) {
                // Then the process doesn't hold it.
            }
        });
        return held;
    }
}
