package dev.throughline.identify;

import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.SocketOwner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The control group that a socket was made in, which it keeps (cgroups(7), version 2): of two processes of one user, in
 * different units or containers, it tells which one made it.
 *
 * @param root where version 2 is mounted as a whole; where it isn't, nothing is known
 */
record SocketCgroup(Optional<Path> root) {
    /** On this host, now. */
    static SocketCgroup own() throws IOException {
        return new SocketCgroup(Mounts.own().whole("cgroup2"));
    }

    /**
     * Whether the process is in the group that the socket was made in. Where that can't be compared, as beyond a cgroup
     * namespace (cgroup_namespaces(7)), it isn't held against it; a path so long that it isn't kept is: whoever makes groups
     * could choose it.
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
