package dev.throughline.cli;

import dev.throughline.key.KeyFormatException;
import dev.throughline.key.TrustEntry;
import dev.throughline.keys.KeyFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;

/** The warning before the only valid key of a hop is ended. */
final class LastKeyWarning {
    private LastKeyWarning() {}

    /** Prints a warning if no other key in {@code file} has the rights of {@code entry} after {@code end}. */
    static void warn(Path file, TrustEntry entry, Instant end) {
        try {
            if (!KeyFiles.readTrust(file).hasSubstitute(entry, end)) {
                System.err.println("warning: no other key of " + entry.key().hopName() + " has its rights ("
                        + entry.rights() + ") then: headers of "
                        + entry.key().hopName() + " will be rejected");
            }
        } catch (KeyFormatException | IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()));
        }
    }
}
