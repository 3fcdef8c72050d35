package dev.throughline.config;

import dev.throughline.header.Bytes;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustText;
import dev.throughline.os.PinnedFile;
import dev.throughline.os.StrictModes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/** The files that hold keys and trust. */
public final class KeyFiles {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    private static final int OWNER_ONLY_MODE = 0600;
    private static final int READABLE_MODE = 0644;

    private static final Pattern HEX_KEY = Pattern.compile("[0-9A-Fa-f]{64}");

    /** How the text of a secret key begins, in any version. */
    private static final String SECRET = "THROUGHLINE-SECRET-KEY-";

    private KeyFiles() {}

    /** What the text of a file becomes. */
    public interface Edit<T> {
        T next(T before) throws KeyFormatException;
    }

    /**
     * Reads the secret keys of a hop.
     *
     * @throws KeyFormatException if it holds something else, or if anyone but its owner could have read it: then it is no
     *     secret
     */
    public static PrivateKeys readSecrets(Path file) throws IOException, KeyFormatException {
        return readSecrets(file, StrictModes.ofCommand(file));
    }

    /** The same for a hop that runs. */
    static PrivateKeys readSecrets(Path file, StrictModes modes) throws IOException, KeyFormatException {
        return PrivateKeys.parse(file.toString(), readSecretText(file, modes));
    }

    private static String readSecretText(Path file, StrictModes modes) throws IOException, KeyFormatException {
        try (PinnedFile pinned = modes.open(file)) {
            return secretText(file, pinned);
        }
    }

    private static String secretText(Path file, PinnedFile pinned) throws IOException, KeyFormatException {
        return read(pinned, mode -> {
            if (!OWNER_ONLY.containsAll(mode)) {
                throw new KeyFormatException(file + ": mode " + PosixFilePermissions.toString(mode)
                        + " lets others at a secret key: chmod 600 " + file
                        + ", and if others were there, make a new key");
            }
        });
    }

    /**
     * Reads the key of the hashes of command lines: one line of 64 hexadecimal digits.
     *
     * @throws KeyFormatException if it holds something else, or if anyone but its owner could have read it: then anyone could
     *     try command lines until a hash fits
     */
    static Bytes readCommandLineKey(Path file, StrictModes modes) throws IOException, KeyFormatException {
        String digits = readSecretText(file, modes).strip();
        if (!HEX_KEY.matcher(digits).matches()) {
            throw new KeyFormatException(
                    file + ": expected 64 hexadecimal digits, as \"openssl rand -hex 32\" prints them");
        }
        return Bytes.ofHex(digits);
    }

    /** Writes a new secret key, 0600 from its first byte; an existing file is never replaced. */
    public static void writeSecret(Path file, PrivateKey key) throws IOException {
        FileChange.make(file, OWNER_ONLY_MODE, key.toSecretText() + "\n");
    }

    /** Changes the text of a file of secret keys, which must be there, and stays as it is unless the result can be read. */
    public static void changeSecrets(Path file, Edit<String> edit) throws IOException, KeyFormatException {
        FileChange.of(file, OWNER_ONLY_MODE, before -> {
            String next =
                    edit.next(secretText(file, before.orElseThrow(() -> new NoSuchFileException(file.toString()))));
            PrivateKeys.parse(file.toString(), next);
            return next;
        });
    }

    /**
     * Reads a trust file.
     *
     * @throws KeyFormatException if it isn't one, or if anyone but its owner could have written it: whoever writes it
     *     decides who is believed
     */
    public static Trust readTrust(Path file) throws IOException, KeyFormatException {
        return readTrust(file, StrictModes.ofCommand(file));
    }

    /** The same for a hop that runs. */
    static Trust readTrust(Path file, StrictModes modes) throws IOException, KeyFormatException {
        try (PinnedFile pinned = modes.open(file)) {
            return trustText(file, pinned).trust();
        }
    }

    private static TrustText trustText(Path file, PinnedFile pinned) throws IOException, KeyFormatException {
        String text = read(pinned, mode -> {
            if (mode.contains(PosixFilePermission.GROUP_WRITE) || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new KeyFormatException(file + ": mode " + PosixFilePermissions.toString(mode)
                        + " lets others write whom this hop believes: chmod go-w " + file);
            }
        });
        return new TrustText(file.toString(), text);
    }

    /** Changes the text of a trust file, or makes one, and leaves it as it is unless the result can be read. */
    public static void changeTrust(Path file, Edit<TrustText> edit) throws IOException, KeyFormatException {
        FileChange.of(file, READABLE_MODE, found -> {
            TrustText before = found.isPresent() ? trustText(file, found.get()) : new TrustText(file.toString(), "");
            TrustText next = edit.next(before);
            next.trust();
            return next.text();
        });
    }

    /** Whether a file holds secret keys, by the first line that says something. */
    public static boolean holdsSecrets(Path file) throws IOException {
        return Files.readString(file)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .findFirst()
                .map(line -> line.startsWith(SECRET))
                .orElse(false);
    }

    /** Whether somebody gave a secret where a public key belongs. */
    public static boolean isSecret(String text) {
        return text.strip().startsWith(SECRET);
    }

    private interface ModeRule {
        void check(Set<PosixFilePermission> mode) throws KeyFormatException;
    }

    /** The text of the very file whose mode was looked at, whatever its name comes to mean meanwhile. */
    private static String read(PinnedFile pinned, ModeRule rule) throws IOException, KeyFormatException {
        rule.check(Files.getPosixFilePermissions(pinned.path()));
        return Files.readString(pinned.path());
    }
}
