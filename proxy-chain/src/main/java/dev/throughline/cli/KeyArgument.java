package dev.throughline.cli;

import com.google.common.collect.Streams;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PublicKey;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import dev.throughline.keys.KeyFiles;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/** A key on the command line: its public text, or the id of a key in a trust file. */
record KeyArgument(String text) {
    private static final Pattern ID = Pattern.compile("[0-9a-f]{16}");

    boolean isId() {
        return ID.matcher(text.strip()).matches();
    }

    /** Parses {@code text} as a public key. */
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

    /** Returns the entry of {@code trust} for this key. */
    Optional<TrustEntry> in(Trust trust) {
        if (!isId()) {
            return trust.find(publicKey().id());
        }
        return Streams.stream(trust.entries())
                .filter(entry -> entry.key().id().toString().equals(text.strip()))
                .findFirst();
    }

    /** Returns the entry of {@code trust} for this key, or fails. */
    TrustEntry requireIn(Trust trust, Path file) {
        return in(trust)
                .orElseThrow(() -> new CommandFailure(
                        ExitCode.FAILURE,
                        file + ": no key " + text.strip() + " in this file ('keys list' shows its keys)"));
    }
}
