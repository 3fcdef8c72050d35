package dev.throughline.identify;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.Workload;
import dev.throughline.platform.linux.PinnedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The content of /proc/PID at one moment. Two equal views are of one process that ran one executable as one user all the while:
 * a reused pid has another start time, and exec(2) changes the executable, or, for the same one, its position in memory.
 */
record ProcessView(
        ProcessId id,
        Credentials credentials,
        Optional<String> command,
        Optional<CgroupName> cgroup,
        Optional<ExecutableFile> executable,
        Image image,
        Audit audit,
        Namespaces namespaces) {
    private static final int MAX_COMMAND_BYTES = 256;

    /** The start of stack and command line, which the kernel randomises at each exec(2); 0 without permission. */
    record Image(long startStack, long argumentsStart) {
        boolean isKnown() {
            return startStack != 0 && argumentsStart != 0;
        }
    }

    /** Reads {@code pid}, a thread group. */
    static ProcessView read(int pid) throws IOException {
        Path process = Path.of("/proc/" + pid);
        String stat = stat(pid);
        return new ProcessView(
                new ProcessId(pid, ProcText.startTime(stat)),
                credentials(pid),
                command(process),
                cgroup(process),
                executable(process),
                ProcText.image(stat),
                new Audit(auditId(process, "loginuid"), auditId(process, "sessionid"), Optional.empty()),
                new Namespaces(namespace(process, "net"), namespace(process, "pid")));
    }

    static String stat(int pid) throws IOException {
        return text(Path.of("/proc/" + pid + "/stat"));
    }

    static Credentials credentials(int pid) throws IOException {
        return ProcText.credentials(text(Path.of("/proc/" + pid + "/status")));
    }

    /** Returns whether a process with these credentials belongs to a user, real or effective. */
    static boolean isOf(Credentials credentials, int uid) {
        return credentials.uid() == uid || credentials.effectiveUid() == uid;
    }

    Workload workload(Bytes bootId) {
        return cgroup.orElse(CgroupName.UNKNOWN).workload(bootId, namespaces);
    }

    /** Returns the name without the newline that the kernel appends; other newlines are part of the name. */
    private static Optional<String> command(Path process) throws IOException {
        byte[] line = Files.readAllBytes(process.resolve("comm"));
        return EscapedText.of(Arrays.copyOf(line, Math.max(0, line.length - 1)), MAX_COMMAND_BYTES);
    }

    /** Returns the cgroup; empty if the kernel has no cgroups. */
    private static Optional<CgroupName> cgroup(Path process) {
        try {
            return ProcText.cgroup(text(process.resolve("cgroup")));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Returns the executable; empty without permission, and for kernel threads. */
    private static Optional<ExecutableFile> executable(Path process) {
        try (PinnedFile file = PinnedFile.open(process.resolve("exe").toString())) {
            return Optional.of(ExecutableFile.of(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Returns an audit id; empty if the kernel has no audit. */
    private static OptionalLong auditId(Path process, String file) {
        try {
            return ProcText.auditId(text(process.resolve(file)));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** Returns the inode in the link {@code net:[INODE]}; empty without permission. */
    private static OptionalLong namespace(Path process, String kind) {
        try {
            String link =
                    Files.readSymbolicLink(process.resolve("ns").resolve(kind)).toString();
            return OptionalLong.of(Long.parseLong(link, kind.length() + 2, link.length() - 1, 10));
        } catch (IOException | NumberFormatException | IndexOutOfBoundsException e) {
            return OptionalLong.empty();
        }
    }

    private static String text(Path path) throws IOException {
        return new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1);
    }
}
