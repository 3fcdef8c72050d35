package dev.throughline.cli;

import dev.throughline.config.KeyFiles;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.TrustEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;

/** A warning for who ends the only key of a hop, perhaps without meaning to. */
final class OnlyKey {
    private OnlyKey() {}

    /** Says so if nothing in {@code file} can do from {@code end} on what {@code entry} could. */
    static void warn(Path file, TrustEntry entry, Instant end) {
        try {
            if (!KeyFiles.readTrust(file).hasSubstitute(entry, end)) {
                System.err.println("warning: no other key of " + entry.key().hopName() + " may do then what it may ("
                        + entry.rights() + "): without one, headers of "
                        + entry.key().hopName() + " are refused");
            }
        } catch (KeyFormatException | IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()));
        }
    }
}
