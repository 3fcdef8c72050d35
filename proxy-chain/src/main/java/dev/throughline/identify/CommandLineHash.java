package dev.throughline.identify;

import dev.throughline.header.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Keyed hashes of command lines: HMAC-SHA-256 over the content of /proc/PID/cmdline. With the key, a reader can test whether it
 * was a given command line; without it, not even guesses can be tested. The command line itself is never sent, since it can
 * contain secrets.
 */
public final class CommandLineHash {
    private static final String ALGORITHM = "HmacSHA256";
    /** The kernel allows more, but reading it would take too long. */
    private static final int MAX_BYTES = 1 << 20;

    private final SecretKeySpec key;

    public CommandLineHash(Bytes key) {
        this.key = new SecretKeySpec(key.toByteArray(), ALGORITHM);
    }

    /** Returns the hash; empty for a process without a command line, such as a kernel thread, or with more than a megabyte. */
    Optional<Bytes> of(Path cmdline) throws IOException {
        Mac mac = mac();
        byte[] buffer = new byte[8192];
        int size = 0;
        try (InputStream in = Files.newInputStream(cmdline)) {
            int count;
            while ((count = in.read(buffer)) >= 0) {
                mac.update(buffer, 0, count);
                size += count;
                if (size > MAX_BYTES) {
                    return Optional.empty();
                }
            }
        }
        return size == 0 ? Optional.empty() : Optional.of(Bytes.wrap(mac.doFinal()));
    }

    private Mac mac() {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java platform has HmacSHA256", e);
        }
    }
}
