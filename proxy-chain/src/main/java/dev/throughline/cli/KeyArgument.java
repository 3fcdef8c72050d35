package dev.throughline.cli;

import com.google.common.collect.Streams;
import dev.throughline.config.KeyFiles;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PublicKey;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/** A key as somebody names it: by its whole public text, or by the id of one that a trust file has already. */
record KeyArgument(String text) {
    private static final Pattern ID = Pattern.compile("[0-9a-f]{16}");

    boolean isId() {
        return ID.matcher(text.strip()).matches();
    }

    /** The whole key, which {@code text} must be. */
    PublicKey publicKey() {
        if (KeyFiles.isSecret(text)) {
            throw new CommandFailure(
                    ExitCode.USAGE, "KEY: this is a secret key; use the public key that 'keys show' prints");
        }
        try {
            return PublicKey.parse(text);
        } catch (KeyFormatException e) {
            throw new CommandFailure(ExitCode.USAGE, "KEY: " + e.getMessage());
        }
    }

    /** What {@code trust} has of it. */
    Optional<TrustEntry> in(Trust trust) {
        if (!isId()) {
            return trust.find(publicKey().id());
        }
        return Streams.stream(trust.entries())
                .filter(entry -> entry.key().id().toString().equals(text.strip()))
                .findFirst();
    }

    /** The same, which must be there. */
    TrustEntry presentIn(Trust trust, Path file) {
        return in(trust)
                .orElseThrow(() -> new CommandFailure(
                        ExitCode.FAILURE,
                        file + ": no key " + text.strip() + " in this file ('keys list' shows its keys)"));
    }
}
