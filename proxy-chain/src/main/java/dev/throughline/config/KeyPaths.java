package dev.throughline.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Paths of the key files of a hop.
 *
 * @param own private keys of the hop
 * @param trust public keys of trusted hops; empty on a hop that verifies no headers
 * @param commandLine key for hashes of command lines; without it the hop writes no such hashes
 */
public record KeyPaths(Path own, Optional<Path> trust, Optional<Path> commandLine) {
    /** Returns the paths that a running hop uses after a reload: the key for command lines changes only with a restart. */
    public KeyPaths reloaded(KeyPaths read) {
        return new KeyPaths(read.own, read.trust, commandLine);
    }
}
