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
 * Command lines as keyed hashes: HMAC-SHA-256 over /proc/PID/cmdline as it is. Who has the key can tell whether it was
 * the one that he thinks of; nobody else can even guess, and the words themselves, among which secrets stand, are said to
 * nobody.
 */
public final class CommandLineHash {
    private static final String ALGORITHM = "HmacSHA256";
    /** The kernel allows more; nobody should wait for it. */
    private static final int MAX_BYTES = 1 << 20;

    private final SecretKeySpec key;

    public CommandLineHash(Bytes key) {
        this.key = new SecretKeySpec(key.toByteArray(), ALGORITHM);
    }

    /** Empty for a process without one, which a kernel thread is, and for one of more than a megabyte. */
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
