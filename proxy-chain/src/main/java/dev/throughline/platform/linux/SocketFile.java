package dev.throughline.platform.linux;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.Optional;

/**
 * The file of a Unix socket of this hop (unix(7)). Access control uses the peer's credentials; the file's mode only
 * blocks other users early if none is allowed. Closing it deletes the file, unless another file has replaced it, such
 * as that of the next instance of the hop.
 */
public final class SocketFile implements AutoCloseable {
    private final SafeFile file;
    private final FileStatus made;

    private SocketFile(SafeFile file, FileStatus made) {
        this.file = file;
        this.made = made;
    }

    /**
     * Prepares {@code path} for listening: creates the directory, and deletes a stale socket of a killed hop.
     *
     * @throws IOException if the socket is in use, or the file isn't a socket
     */
    public static void prepare(Path path) throws IOException {
        try (SafeFile file = SafeFile.own(path)) {
            Optional<PinnedFile> found = file.find();
            if (found.isEmpty()) {
                return;
            }
            try (PinnedFile there = found.get()) {
                if (!SafeFile.isSocket(there.status())) {
                    throw new IOException(path + " exists and is not a socket: remove it, or use another path");
                }
                if (isAlive(path)) {
                    throw new IOException(path + " is in use (is this hop already running?)");
                }
                file.deleteIf(there.status());
            }
        }
    }

    /**
     * Sets the mode so that {@code uids} can connect; if these are only root and this process's user, other users
     * can't.
     */
    public static SocketFile open(Path path, Collection<Integer> uids) throws IOException {
        int ownUid = OwnUser.uid();
        boolean others = uids.stream().anyMatch(uid -> uid != 0 && uid != ownUid);
        SafeFile file = SafeFile.own(path);
        try (PinnedFile socket =
                file.find().orElseThrow(() -> new IOException(path + " was removed by another program"))) {
            FileStatus status = socket.status();
            if (!SafeFile.isSocket(status)) {
                throw new IOException(path + " was replaced by another program");
            }
            Files.setPosixFilePermissions(
                    socket.path(), PosixFilePermissions.fromString(others ? "rw-rw-rw-" : "rw-------"));
            return new SocketFile(file, status);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static boolean isAlive(Path path) {
        try (var probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        try (file) {
            file.deleteIf(made);
        }
    }
}
