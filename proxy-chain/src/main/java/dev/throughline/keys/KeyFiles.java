package dev.throughline.keys;

import dev.throughline.header.Bytes;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustText;
import dev.throughline.platform.linux.PinnedFile;
import dev.throughline.platform.linux.StrictModes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/** Access to key files and trust files. */
public final class KeyFiles {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    private static final int OWNER_ONLY_MODE = 0600;
    private static final int READABLE_MODE = 0644;

    private static final Pattern HEX_KEY = Pattern.compile("[0-9A-Fa-f]{64}");

    /** The start of a secret key's text, in any version. */
    private static final String SECRET = "THROUGHLINE-SECRET-KEY-";

    private KeyFiles() {}

    /** A function from the old text of a file to the new one. */
    public interface Edit<T> {
        T next(T before) throws KeyFormatException;
    }

    /**
     * Reads a hop's secret keys.
     *
     * @throws KeyFormatException if the file has other content, or if users other than its owner can read it
     */
    public static PrivateKeys readSecrets(Path file) throws IOException, KeyFormatException {
        return readSecrets(file, StrictModes.ofCommand(file));
    }

    /** Reads the file for running a hop; see {@link StrictModes}. */
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
                        + " lets other users access a secret key: chmod 600 " + file
                        + ", and replace the key if they may have read it");
            }
        });
    }

    /**
     * Reads the key for hashes of command lines: one line of 64 hexadecimal digits.
     *
     * @throws KeyFormatException if the file has other content, or if users other than its owner can read it and so
     *     test guesses of command lines against the hashes
     */
    static Bytes readCommandLineKey(Path file, StrictModes modes) throws IOException, KeyFormatException {
        String digits = readSecretText(file, modes).strip();
        if (!HEX_KEY.matcher(digits).matches()) {
            throw new KeyFormatException(
                    file + ": expected 64 hexadecimal digits, as \"openssl rand -hex 32\" prints them");
        }
        return Bytes.ofHex(digits);
    }

    /** Writes a new secret key with mode 0600 from the first byte; never replaces a file. */
    public static void writeSecret(Path file, PrivateKey key) throws IOException {
        FileChange.make(file, OWNER_ONLY_MODE, key.toSecretText() + "\n");
    }

    /** Changes an existing file of secret keys. Checks that the result can be read before it replaces the file. */
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
     * @throws KeyFormatException if it isn't a trust file, or if users other than its owner can write it and so choose
     *     who is trusted
     */
    public static Trust readTrust(Path file) throws IOException, KeyFormatException {
        return readTrust(file, StrictModes.ofCommand(file));
    }

    /** Reads the file for running a hop; see {@link StrictModes}. */
    static Trust readTrust(Path file, StrictModes modes) throws IOException, KeyFormatException {
        try (PinnedFile pinned = modes.open(file)) {
            return trustText(file, pinned).trust();
        }
    }

    private static TrustText trustText(Path file, PinnedFile pinned) throws IOException, KeyFormatException {
        String text = read(pinned, mode -> {
            if (mode.contains(PosixFilePermission.GROUP_WRITE) || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new KeyFormatException(file + ": mode " + PosixFilePermissions.toString(mode)
                        + " lets other users change the trusted keys: chmod go-w " + file);
            }
        });
        return new TrustText(file.toString(), text);
    }

    /** Changes or creates a trust file. Checks that the result can be read before it replaces the file. */
    public static void changeTrust(Path file, Edit<TrustText> edit) throws IOException, KeyFormatException {
        FileChange.of(file, READABLE_MODE, found -> {
            TrustText before = found.isPresent() ? trustText(file, found.get()) : new TrustText(file.toString(), "");
            TrustText next = edit.next(before);
            next.trust();
            return next.text();
        });
    }

    /** Returns whether a file has secret keys, by its first line that is not empty or a comment. */
    public static boolean holdsSecrets(Path file) throws IOException {
        return Files.readString(file)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .findFirst()
                .map(line -> line.startsWith(SECRET))
                .orElse(false);
    }

    /** Returns whether a secret key was given instead of a public key. */
    public static boolean isSecret(String text) {
        return text.strip().startsWith(SECRET);
    }

    private interface ModeRule {
        void check(Set<PosixFilePermission> mode) throws KeyFormatException;
    }

    /** Reads the text through the descriptor whose mode was checked, so that a concurrent rename has no effect. */
    private static String read(PinnedFile pinned, ModeRule rule) throws IOException, KeyFormatException {
        rule.check(Files.getPosixFilePermissions(pinned.path()));
        return Files.readString(pinned.path());
    }
}
