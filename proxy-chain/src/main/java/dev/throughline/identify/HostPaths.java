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
 * Path lookups in the mount namespaces of this process and of the host's first process. Only root can change these: in a
 * namespace of their own, users can give any file any path.
 *
 * <p>A path in the kernel's cache is resolved at once; any other on a separate thread, which a hung file system may keep.
 */
final class HostPaths {
    private static final String FIRST = "1";
    private static final String SELF = "self";

    private final BoundedReads reads;

    HostPaths(BoundedReads reads) {
        this.reads = reads;
    }

    /** A mount namespace, represented by a process in it. */
    private record View(String process, Optional<PinnedFile> root) implements AutoCloseable {
        static View own() {
            return new View(SELF, Optional.empty());
        }

        /** Returns that of the first process, if it is another one and accessible. */
        static Optional<View> ofFirst() {
            try {
                return Files.readSymbolicLink(Path.of("/proc/1/ns/mnt"))
                                .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")))
                        ? Optional.empty()
                        : Optional.of(new View(FIRST, Optional.of(PinnedFile.open("/proc/1/root"))));
            } catch (IOException notPermitted) {
                return Optional.empty();
            }
        }

        @Override
        public void close() {
            root.ifPresent(PinnedFile::close);
        }
    }

    /**
     * The target of a path.
     *
     * @param exists whether the path exists; a part of it may be a link
     * @param file the file; empty if there is none, or a link
     */
    private record Target(boolean exists, Optional<PinnedFile> file) {}

    /** A check of the target of a path in one namespace. */
    private interface TargetCheck<T> {
        Optional<T> at(Target target, View view) throws IOException;
    }

    /** Returns whether {@code path} leads to this file, without following symbolic links. */
    CompletableFuture<Boolean> leadsTo(byte[] path, ExecutableFile file, Mounts.FileSystem fileSystem) {
        return lookUp(
                        path,
                        (target, view) -> target.file.isPresent() && isSame(target.file.get(), view, file, fileSystem)
                                ? Optional.of(true)
                                : Optional.empty())
                .thenApply(leads -> leads.orElse(false));
    }

    private static boolean isSame(PinnedFile found, View view, ExecutableFile file, Mounts.FileSystem fileSystem)
            throws IOException {
        ExecutableFile there = ExecutableFile.of(found);
        return there.location().inode() == file.location().inode()
                && there.fileSystem(view.process)
                        .map(of -> there.isSameFile(of, file, fileSystem))
                        .orElse(false);
    }

    /**
     * Returns what has become of the name of a file that no longer has it. A link there counts as another file.
     *
     * @param file the file that had the name
     * @return empty if the name doesn't belong to these namespaces, or can't be looked up
     */
    CompletableFuture<Optional<ExecutableState>> stateOf(byte[] path, ExecutableFile file) {
        return lookUp(
                path,
                (target, view) -> file.fileSystem(view.process).isPresent()
                        ? Optional.of(target.exists ? ExecutableState.REPLACED : ExecutableState.DELETED)
                        : Optional.empty());
    }

    /** Returns whether a file is in one of these namespaces, so that its name belongs to them. */
    static boolean hold(ExecutableFile file) throws IOException {
        return file.fileSystem(SELF).isPresent()
                || isSeenByFirst(file.location().mount());
    }

    private static boolean isSeenByFirst(int mount) {
        try {
            return Mounts.fileSystem(FIRST, mount).isPresent();
        } catch (IOException notPermitted) {
            return false;
        }
    }

    /** Returns whether the file system with this device is mounted in one of these namespaces. */
    static boolean mountsDevice(int device) throws IOException {
        if (Mounts.own().hasDevice(device)) {
            return true;
        }
        try {
            return Mounts.ofTheFirstProcess().hasDevice(device);
        } catch (IOException notPermitted) {
            return false;
        }
    }

    private <T> CompletableFuture<Optional<T>> lookUp(byte[] path, TargetCheck<T> check) {
        try {
            return CompletableFuture.completedFuture(lookUp(path, Reach.IN_MEMORY, check));
        } catch (NotInMemoryException notInMemory) {
            return reads.read(fileSystemOf(path), () -> lookUp(path, Reach.ANYWHERE, check), Optional.empty());
        } catch (IOException e) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
    }

    private static <T> Optional<T> lookUp(byte[] path, Reach reach, TargetCheck<T> check) throws IOException {
        try (View own = View.own()) {
            Optional<T> answer = lookUp(path, reach, check, own);
            if (answer.isPresent()) {
                return answer;
            }
        }
        Optional<View> ofFirst = View.ofFirst();
        if (ofFirst.isEmpty()) {
            return Optional.empty();
        }
        try (View first = ofFirst.get()) {
            return lookUp(path, reach, check, first);
        }
    }

    private static <T> Optional<T> lookUp(byte[] path, Reach reach, TargetCheck<T> check, View view)
            throws IOException {
        try {
            Optional<PinnedFile> found = PinnedFile.openBy(view.root, path, reach);
            if (found.isEmpty()) {
                throw new NotInMemoryException();
            }
            try (PinnedFile file = found.get()) {
                return check.at(new Target(true, Optional.of(file)), view);
            }
        } catch (OsException e) {
            return switch (e.errno()) {
                case Errno.ENOENT, Errno.ENOTDIR -> check.at(new Target(false, Optional.empty()), view);
                case Errno.ELOOP -> check.at(new Target(true, Optional.empty()), view);
                default -> Optional.empty();
            };
        }
    }

    /** Returns the file system of {@code path}, from the paths of mounts alone, without accessing any. */
    static String fileSystemOf(byte[] path) {
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

    /** Thrown if the kernel would have to access a file system. */
    private static final class NotInMemoryException extends IOException {
        private static final long serialVersionUID = 1L;
    }
}
