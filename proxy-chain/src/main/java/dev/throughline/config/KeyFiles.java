package dev.throughline.config;

import dev.throughline.key.KeyFormatException;
import dev.throughline.key.SecretKey;
import dev.throughline.key.Trust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    /** Reads a trust file. */
    public static Trust readTrust(Path file) throws IOException, KeyFormatException {
        return Trust.parse(file.toString(), Files.readString(file));
    }
}
