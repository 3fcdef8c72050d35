package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Optional;

/**
 * Which code the process ran.
 *
 * @param executable path of the executable as its own mount namespace names it
 * @param sha256 SHA-256 of the executable's bytes (32 bytes), read from the inode that runs, not from the path
 * @param command the process's own short name, at most 15 bytes on Linux; anyone can set it, so it is a label, not proof
 * @param file the file that runs
 * @param state whether the path leads to another file than the one that runs, or to none; absent if it leads there, and where
 *     nobody could look
 * @param signature who signed it, on macOS
 * @param script path of the file that exec(2) was asked to run and that an interpreter runs, the executable
 */
public record Code(
        Optional<String> executable,
        Optional<Bytes> sha256,
        Optional<String> command,
        Optional<FileId> file,
        Optional<ExecutableState> state,
        AppleSignature signature,
        Optional<String> script) {
    /** Nothing is known. */
    public static final Code UNKNOWN = new Code(Optional.empty(), Optional.empty(), Optional.empty());

    /** Checks the size of what has one. */
    public Code {
        Sizes.check(sha256, 32, "SHA-256");
    }

    /**
     * Code that isn't known to be a script.
     *
     * @param executable its path
     * @param sha256 of its bytes (32 bytes)
     * @param command the process's own short name
     * @param file the file that runs
     * @param state whether its path leads elsewhere
     * @param signature who signed it
     */
    public Code(
            Optional<String> executable,
            Optional<Bytes> sha256,
            Optional<String> command,
            Optional<FileId> file,
            Optional<ExecutableState> state,
            AppleSignature signature) {
        this(executable, sha256, command, file, state, signature, Optional.empty());
    }

    /**
     * Code whose file and signature are unknown.
     *
     * @param executable its path
     * @param sha256 of its bytes (32 bytes)
     * @param command the process's own short name
     */
    public Code(Optional<String> executable, Optional<Bytes> sha256, Optional<String> command) {
        this(executable, sha256, command, Optional.empty(), Optional.empty(), AppleSignature.UNKNOWN);
    }

    /**
     * The same code in a known file.
     *
     * @param known the file that runs
     * @param pathState whether its path leads elsewhere
     * @return with both
     */
    public Code withFile(FileId known, Optional<ExecutableState> pathState) {
        return new Code(executable, sha256, command, Optional.of(known), pathState, signature, script);
    }

    /**
     * The same code, signed.
     *
     * @param known by whom
     * @return with this signature
     */
    public Code withSignature(AppleSignature known) {
        return new Code(executable, sha256, command, file, state, known, script);
    }

    /**
     * The same code, as the interpreter of a script.
     *
     * @param known path of the script
     * @return with this script
     */
    public Code withScript(String known) {
        return new Code(executable, sha256, command, file, state, signature, Optional.of(known));
    }

    /**
     * The same code with a digest, or without one.
     *
     * @param digest SHA-256 of its bytes (32 bytes)
     * @return with this digest
     */
    public Code withSha256(Optional<Bytes> digest) {
        return new Code(executable, digest, command, file, state, signature, script);
    }

    /**
     * The same code under another name.
     *
     * @param name the process's own short name
     * @return with this name
     */
    public Code withCommand(Optional<String> name) {
        return new Code(executable, sha256, name, file, state, signature, script);
    }
}
