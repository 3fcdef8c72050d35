package dev.throughline.identify;

import dev.throughline.header.Bytes;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Code;
import dev.throughline.originator.Person;
import dev.throughline.originator.ProcessId;
import dev.throughline.os.PinnedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Reads a process so that all parts of what was read are of one process instance, while it held the sockets: view, pinned
 * executable, links of the sockets, and the same view again.
 */
final class ProcessReader {
    /**
     * A process that stayed the same while it was read.
     *
     * @param path of its executable
     * @param digest SHA-256 of its executable, which may still be on its way
     * @param held those file descriptors that still held their sockets
     * @param parent while it was read; it may be taken over by another later
     * @param commandLine keyed hash, if hashes were asked for; a process may write another line over its own
     */
    record Reading(
            ProcessView view,
            ExecutablePath path,
            CompletableFuture<Optional<Bytes>> digest,
            Set<Integer> held,
            Optional<ProcessId> parent,
            Optional<Bytes> commandLine) {
        /** The code that it runs, whose hash is {@code sha256}. */
        Code code(Optional<Bytes> sha256) {
            return new Code(
                    path.text(),
                    sha256,
                    view.command(),
                    view.executable().map(FileVersion::id),
                    path.state(),
                    AppleSignature.UNKNOWN);
        }

        Person person(Optional<String> userName) {
            return new Person(userName, parent, commandLine, view.audit());
        }
    }

    /** What reads a process's view. */
    interface Views {
        ProcessView of(int pid) throws IOException;
    }

    private record Executable(ExecutablePath path, CompletableFuture<Optional<Bytes>> digest) {}

    private final ExecutableDigests digests;
    private final Optional<CommandLineHash> commandLines;
    private final Views views;

    ProcessReader(ExecutableDigests digests, Optional<CommandLineHash> commandLines) {
        this(digests, commandLines, ProcessView::read);
    }

    ProcessReader(ExecutableDigests digests, Optional<CommandLineHash> commandLines, Views views) {
        this.digests = digests;
        this.commandLines = commandLines;
        this.views = views;
    }

    /** Empty if the process ended, ran another executable or changed in any other way meanwhile. */
    Optional<Reading> read(int pid, Map<Integer, Long> socketByDescriptor) {
        try {
            ProcessView before = views.of(pid);
            Executable executable = executable(pid, before);
            Set<Integer> held = held(pid, socketByDescriptor);
            Optional<ProcessId> parent = ParentProcess.of(pid, ProcessView::stat);
            Optional<Bytes> commandLine = commandLine(pid);
            if (!before.equals(views.of(pid))) {
                return Optional.empty();
            }
            return Optional.of(new Reading(before, executable.path(), executable.digest(), held, parent, commandLine));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private Executable executable(int pid, ProcessView view) throws IOException {
        if (view.executable().isEmpty()) {
            return new Executable(ExecutablePath.UNKNOWN, CompletableFuture.completedFuture(Optional.empty()));
        }
        FileVersion version = view.executable().get();
        PinnedFile file = PinnedFile.open("/proc/" + pid + "/exe");
        try {
            if (!FileVersion.of(file.path()).equals(version)) {
                throw new IOException("process " + pid + " runs another executable now");
            }
            Path root = Path.of("/proc/" + pid + "/root");
            return new Executable(ExecutablePath.of(file, version, root), digests.of(file, version));
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private Optional<Bytes> commandLine(int pid) throws IOException {
        return commandLines.isPresent()
                ? commandLines.get().of(Path.of("/proc/" + pid + "/cmdline"))
                : Optional.empty();
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
                // Then it isn't held.
            }
        });
        return held;
    }
}
