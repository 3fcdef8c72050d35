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
 * What /proc/PID says of a process at one moment. Two equal views with the same start time are of one process that ran one
 * executable as one user all the while: a pid that was given again differs in its start time, exec(2) in the executable, and of one executable in where the kernel put it.
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

    /** Where stack and command line begin: the kernel draws other places at each exec(2). 0 where it may not be seen. */
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

    /** Whether these are a process's of that user, real or effective. */
    static boolean isOf(Credentials credentials, int uid) {
        return credentials.uid() == uid || credentials.effectiveUid() == uid;
    }

    Workload workload(Bytes bootId) {
        return cgroup.orElse(CgroupName.UNKNOWN).workload(bootId, namespaces);
    }

    /** The kernel ends the name with one newline; any before it is the process's own. */
    private static Optional<String> command(Path process) throws IOException {
        byte[] line = Files.readAllBytes(process.resolve("comm"));
        return EscapedText.of(Arrays.copyOf(line, Math.max(0, line.length - 1)), MAX_COMMAND_BYTES);
    }

    /** A kernel without control groups has no such file. */
    private static Optional<CgroupName> cgroup(Path process) {
        try {
            return ProcText.cgroup(text(process.resolve("cgroup")));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Empty where it may not be seen, and for kernel threads. */
    private static Optional<ExecutableFile> executable(Path process) {
        try (PinnedFile file = PinnedFile.open(process.resolve("exe").toString())) {
            return Optional.of(ExecutableFile.of(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** A kernel without audit has no such file. */
    private static OptionalLong auditId(Path process, String file) {
        try {
            return ProcText.auditId(text(process.resolve(file)));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** The link reads {@code net:[INODE]}; empty where it may not be seen. */
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
