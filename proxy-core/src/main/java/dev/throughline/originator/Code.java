package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Optional;

/**
 * Which code the process ran.
 *
 * @param executable path of the executable as its own mount namespace names it
 * @param sha256 SHA-256 of the executable's bytes (32 bytes), read from the inode that runs, not from the path
 * @param command the process's own short name, at most 15 bytes on Linux; anyone can set it, so it is a label, not proof
 */
public record Code(Optional<String> executable, Optional<Bytes> sha256, Optional<String> command) {
    /** Nothing is known. */
    public static final Code UNKNOWN = new Code(Optional.empty(), Optional.empty(), Optional.empty());
}
