package dev.throughline.config;

import dev.throughline.key.KeyFormatException;
import dev.throughline.key.SecretKey;
import dev.throughline.key.Trust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** The files that hold keys and trust. */
public final class KeyFiles {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private KeyFiles() {}

    /**
     * Reads a secret key.
     *
     * @throws KeyFormatException if it isn't one, or if anyone but its owner could have read it: then it is no secret
     */
    public static SecretKey readSecret(Path file) throws IOException, KeyFormatException {
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
        if (!OWNER_ONLY.containsAll(mode)) {
            throw new KeyFormatException(file + ": mode " + PosixFilePermissions.toString(mode)
                    + " lets others at a secret key: chmod 600 " + file + ", and if others were there, make a new key");
        }
        try {
            return SecretKey.parse(Files.readString(file));
        } catch (KeyFormatException e) {
            throw new KeyFormatException(file + ": " + e.getMessage());
        }
    }

    /** Writes a new secret key, 0600 from its first byte; an existing file is never replaced. */
    public static void writeSecret(Path file, SecretKey key) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        Files.writeString(file, key.toSecretText() + "\n");
    }

    /** Replaces a trust file as a whole: cut in the middle, a line could give a key more rights than it has. */
    public static void writeTrust(Path file, String text) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        Path complete = Files.createTempFile(folder, file.getFileName().toString(), null);
        try {
            Files.writeString(complete, text);
            Files.setPosixFilePermissions(
                    complete,
                    Files.exists(file)
                            ? Files.getPosixFilePermissions(file)
                            : PosixFilePermissions.fromString("rw-r--r--"));
            Files.move(complete, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(complete);
        }
    }

    /**
     * Reads a trust file.
     *
     * @throws KeyFormatException if it isn't one, or if anyone but its owner could have written it: whoever writes it
     *     decides who is believed
     */
    public static Trust readTrust(Path file) throws IOException, KeyFormatException {
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
        if (mode.contains(PosixFilePermission.GROUP_WRITE) || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new KeyFormatException(file + ": mode " + PosixFilePermissions.toString(mode)
                    + " lets others write whom this hop believes: chmod go-w " + file);
        }
        return Trust.parse(file.toString(), Files.readString(file));
    }
}
