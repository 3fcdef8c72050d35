package dev.throughline.identify;

import dev.throughline.header.Bytes;
import dev.throughline.identify.ebpf.ExecRecord;
import dev.throughline.platform.linux.FileStatus;
import dev.throughline.platform.linux.PinnedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The path of the script that exec(2) was called with. The kernel opens it to find its interpreter, which then opens the same
 * path again; in between, a user who can change the path can have another file read. So only an absolute path counts that leads
 * through this host's own mount namespaces and that only root can change, from a process that can't have its own root
 * directory, since it is in the initial user namespace.
 */
final class ScriptPath {
    /** The inode of the initial user namespace, on all hosts (linux/proc_ns.h). */
    private static final int FIRST_USER_NAMESPACE = 0xEFFF_FFFD;

    private static final int MAX_LINKS = 40;
    private static final int MAX_BYTES = 512;
    private static final int TYPE = 0xF000;
    private static final int REGULAR = 0x8000;
    private static final int LINK = 0xA000;
    private static final int WRITABLE_BY_OTHERS = 022;

    private final BoundedReads reads;

    ScriptPath(BoundedReads reads) {
        this.reads = reads;
    }

    /** Returns its path without links; empty if there is no script, or its path isn't certain. */
    CompletableFuture<Optional<String>> of(ExecRecord exec) {
        Optional<Bytes> name =
                exec.script().filter(script -> script.at(0) == '/' && exec.userNamespace() == FIRST_USER_NAMESPACE);
        if (name.isEmpty()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        byte[] path = name.get().toByteArray();
        return reads.read(
                HostPaths.fileSystemOf(path),
                () -> {
                    Optional<String> root = root(exec.mountNamespace());
                    return root.isPresent() ? resolved(root.get(), path) : Optional.empty();
                },
                Optional.empty());
    }

    /**
     * Returns the directory in which paths of a mount namespace can be resolved; empty unless it is one of this host's own.
     */
    private static Optional<String> root(int mountNamespace) throws IOException {
        Path wanted = Path.of("mnt:[" + Integer.toUnsignedString(mountNamespace) + "]");
        if (Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")).equals(wanted)) {
            return Optional.of("");
        }
        return Files.readSymbolicLink(Path.of("/proc/1/ns/mnt")).equals(wanted)
                ? Optional.of("/proc/1/root")
                : Optional.empty();
    }

    private static Optional<String> resolved(String root, byte[] path) throws IOException {
        Deque<String> ahead = new ArrayDeque<>();
        push(new String(path, StandardCharsets.UTF_8), ahead);
        Path at = Path.of("/");
        int links = 0;
        FileStatus status = status(root, at);
        while (isRoots(status) && !ahead.isEmpty()) {
            String part = ahead.pop();
            if (part.equals("..")) {
                at = at.getParent() == null ? at : at.getParent();
                continue;
            }
            Path next = at.resolve(part);
            if (isOfProcesses(next)) {
                return Optional.empty();
            }
            status = status(root, next);
            if ((status.mode() & TYPE) != LINK) {
                at = next;
            } else if (links++ < MAX_LINKS) {
                String target = Files.readSymbolicLink(Path.of(root + next)).toString();
                at = target.startsWith("/") ? Path.of("/") : at;
                push(target, ahead);
                // The permissions of a link don't matter, those of its directory do.
                status = status(root, at);
            } else {
                return Optional.empty();
            }
        }
        return ahead.isEmpty() && isRoots(status) && (status.mode() & TYPE) == REGULAR
                ? EscapedText.of(at.toString().getBytes(StandardCharsets.UTF_8), MAX_BYTES)
                : Optional.empty();
    }

    private static void push(String path, Deque<String> ahead) {
        String[] parts = path.split("/", -1);
        for (int i = parts.length - 1; i >= 0; i--) {
            if (!parts[i].isEmpty() && !parts[i].equals(".")) {
                ahead.push(parts[i]);
            }
        }
    }

    private static FileStatus status(String root, Path path) throws IOException {
        String text = root + path;
        try (PinnedFile file = PinnedFile.openItself(text)) {
            return file.status();
        }
    }

    /** Returns whether only root can write to it; an access control list (acl(5)) appears as group permissions. */
    private static boolean isRoots(FileStatus status) {
        return status.uid() == 0 && (status.mode() & WRITABLE_BY_OTHERS) == 0;
    }

    /** Returns whether paths differ by process, as in these directories. */
    private static boolean isOfProcesses(Path path) {
        return path.startsWith("/proc") || path.startsWith("/dev");
    }
}
