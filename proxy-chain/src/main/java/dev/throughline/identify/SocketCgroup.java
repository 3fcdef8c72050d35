package dev.throughline.identify;

import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.SocketOwner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The cgroup in which a socket was created, which never changes (cgroups(7), version 2). It distinguishes two processes of one
 * user in different units or containers.
 *
 * @param root mount point of the whole version 2 hierarchy; without it, nothing can be compared
 */
record SocketCgroup(Optional<Path> root) {
    /** Returns the hierarchy of this host. */
    static SocketCgroup own() throws IOException {
        return new SocketCgroup(Mounts.own().whole("cgroup2"));
    }

    /**
     * Returns whether the process may have created the socket, by its cgroup. If the cgroups can't be compared, as beyond a
     * cgroup namespace (cgroup_namespaces(7)), it may. If a path is too long to be kept, it may not: a user can create such
     * cgroups.
     */
    boolean mayHold(ProcessView process, SocketOwner socket) {
        if (root.isEmpty() || socket.cgroupId().isEmpty() || process.cgroup().isEmpty()) {
            return true;
        }
        Optional<String> path = process.cgroup().get().path();
        return path.isPresent()
                && (path.get().startsWith("/..")
                        || isAt(path.get(), socket.cgroupId().getAsLong()));
    }

    private boolean isAt(String path, long id) {
        try {
            return (long) Files.getAttribute(Path.of(root.get() + path), "unix:ino") == id;
        } catch (IOException | InvalidPathException e) {
            return false;
        }
    }
}
