package dev.throughline.os;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;

/**
 * The file at which a Unix socket of this hop is reached (unix(7)). Who may use it is decided by the credentials of whoever
 * connects; the file's mode only keeps others from trying, where no other user may.
 */
public final class SocketFile {
    /** The bits of a mode that say what a file is, and those of a socket (inode(7)). */
    private static final int S_IFMT = 0170000;

    private static final int S_IFSOCK = 0140000;

    private SocketFile() {}

    /**
     * Makes {@code path} free to listen at: its folder is there, and a file that a hop left behind when it was killed isn't.
     *
     * @throws IOException if somebody listens there, or what is there isn't a socket
     */
    public static void prepare(Path path) throws IOException {
        createFolderOf(path);
        if (isAlive(path)) {
            throw new IOException(path + " is in use: does this hop run already?");
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !isSocket(path)) {
            throw new IOException(path + " is there and isn't a socket: remove it, or listen elsewhere");
        }
        Files.deleteIfExists(path);
    }

    private static boolean isSocket(Path path) throws IOException {
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        return (mode & S_IFMT) == S_IFSOCK;
    }

    /** Lets {@code uids} connect, or root and this process's own user alone where no other is among them. */
    public static void open(Path path, Collection<Integer> uids) throws IOException {
        Object ownUid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        boolean others = uids.stream().anyMatch(uid -> uid != 0 && !uid.equals(ownUid));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(others ? "rw-rw-rw-" : "rw-------"));
    }

    private static void createFolderOf(Path socket) throws IOException {
        try {
            Files.createDirectories(socket.toAbsolutePath().getParent());
        } catch (FileAlreadyExistsException e) {
            throw new NotDirectoryException(e.getFile());
        }
    }

    private static boolean isAlive(Path path) {
        try (var probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }
}
