package dev.throughline.identify;

import dev.throughline.originator.ExecutableState;
import dev.throughline.platform.linux.Errno;
import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.OsException;
import dev.throughline.platform.linux.PinnedFile;
import dev.throughline.platform.linux.PinnedFile.Reach;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What paths mean in the mount namespaces of this process and of the first process of the host. Only root can change those:
 * in a namespace of his own, a user gives any file any path.
 *
 * <p>A path that the kernel has in memory is followed at once; any other one on a thread that a hung file system may keep.
 */
final class HostPaths {
    private static final String FIRST = "1";
    private static final String SELF = "self";

    private final BoundedReads reads;

    HostPaths(BoundedReads reads) {
        this.reads = reads;
    }

    /** A mount namespace, by a process in it. */
    private record View(String process, Optional<PinnedFile> root) implements AutoCloseable {
        static View own() {
            return new View(SELF, Optional.empty());
        }

        /** That of the first process, if it is another one and accessible. */
        static Optional<View> ofFirst() {
            try {
                return Files.readSymbolicLink(Path.of("/proc/1/ns/mnt"))
                                .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")))
                        ? Optional.empty()
                        : Optional.of(new View(FIRST, Optional.of(PinnedFile.open("/proc/1/root"))));
            } catch (IOException mayNotLook) {
                return Optional.empty();
            }
        }

        @Override
        public void close() {
            root.ifPresent(PinnedFile::close);
        }
    }

    /**
     * What a path leads to.
     *
     * @param isThere whether it leads anywhere; the last part of it, or one before, may be a link
     * @param file unless there is none, or a link
     */
    private record Target(boolean isThere, Optional<PinnedFile> file) {}

    /** What is done with the target of a path, in one namespace. */
    private interface Look<T> {
        Optional<T> at(Target target, View view) throws IOException;
    }

    /** Whether {@code path} leads to this very file, with no symbolic link on the way. */
    CompletableFuture<Boolean> leadsTo(byte[] path, ExecutableFile file, Mounts.FileSystem fileSystem) {
        return look(
                        path,
                        (target, view) -> target.file.isPresent() && isSame(target.file.get(), view, file, fileSystem)
                                ? Optional.of(true)
                                : Optional.empty())
                .thenApply(leads -> leads.orElse(false));
    }

    private static boolean isSame(PinnedFile found, View view, ExecutableFile file, Mounts.FileSystem fileSystem)
            throws IOException {
        ExecutableFile there = ExecutableFile.of(found);
        return there.place().inode() == file.place().inode()
                && there.fileSystem(view.process)
                        .map(of -> there.isSameFile(of, file, fileSystem))
                        .orElse(false);
    }

    /**
     * What became of the name of a file that is gone from there. A link there is another file, wherever it leads.
     *
     * @param file which had the name
     * @return empty if the name isn't one of these namespaces, or can't be looked up
     */
    CompletableFuture<Optional<ExecutableState>> stateOf(byte[] path, ExecutableFile file) {
        return look(
                path,
                (target, view) -> file.fileSystem(view.process).isPresent()
                        ? Optional.of(target.isThere ? ExecutableState.REPLACED : ExecutableState.DELETED)
                        : Optional.empty());
    }

    /** Whether a file lies in one of these namespaces, so that its name is one of theirs. */
    static boolean hold(ExecutableFile file) throws IOException {
        return file.fileSystem(SELF).isPresent() || isSeenByFirst(file.place().mount());
    }

    private static boolean isSeenByFirst(int mount) {
        try {
            return Mounts.fileSystem(FIRST, mount).isPresent();
        } catch (IOException mayNotLook) {
            return false;
        }
    }

    /** Whether the file system with this device is mounted in one of these namespaces. */
    static boolean mountsDevice(int device) throws IOException {
        if (Mounts.own().hasDevice(device)) {
            return true;
        }
        try {
            return Mounts.ofTheFirstProcess().hasDevice(device);
        } catch (IOException mayNotLook) {
            return false;
        }
    }

    private <T> CompletableFuture<Optional<T>> look(byte[] path, Look<T> look) {
        try {
            return CompletableFuture.completedFuture(look(path, Reach.IN_MEMORY, look));
        } catch (NotInMemoryException wouldAskFileSystems) {
            return reads.read(place(path), () -> look(path, Reach.ANYWHERE, look), Optional.empty());
        } catch (IOException e) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
    }

    private static <T> Optional<T> look(byte[] path, Reach reach, Look<T> look) throws IOException {
        try (View own = View.own()) {
            Optional<T> answer = look(path, reach, look, own);
            if (answer.isPresent()) {
                return answer;
            }
        }
        Optional<View> ofFirst = View.ofFirst();
        if (ofFirst.isEmpty()) {
            return Optional.empty();
        }
        try (View first = ofFirst.get()) {
            return look(path, reach, look, first);
        }
    }

    private static <T> Optional<T> look(byte[] path, Reach reach, Look<T> look, View view) throws IOException {
        try {
            Optional<PinnedFile> found = PinnedFile.openBy(view.root, path, reach);
            if (found.isEmpty()) {
                throw new NotInMemoryException();
            }
            try (PinnedFile file = found.get()) {
                return look.at(new Target(true, Optional.of(file)), view);
            }
        } catch (OsException e) {
            return switch (e.errno()) {
                case Errno.ENOENT, Errno.ENOTDIR -> look.at(new Target(false, Optional.empty()), view);
                case Errno.ELOOP -> look.at(new Target(true, Optional.empty()), view);
                default -> Optional.empty();
            };
        }
    }

    /** The file system that {@code path} leads into, by the names of mounts alone: none is asked. */
    static String place(byte[] path) {
        String text = new String(path, StandardCharsets.ISO_8859_1);
        String best = "/";
        try {
            for (Mounts.Mount mount : Mounts.own().all()) {
                String at = mount.at().toString();
                if (at.length() >= best.length() && (text.equals(at) || text.startsWith(at + "/"))) {
                    best = at;
                }
            }
        } catch (IOException e) {
            return "the file system of " + text;
        }
        return "the file system at " + best;
    }

    /** The kernel would have to ask a file system. */
    private static final class NotInMemoryException extends IOException {
        private static final long serialVersionUID = 1L;
    }
}
