package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Objects;
import java.util.Optional;

/**
 * The code of a process: its executable and, if it is an interpreter, the script.
 *
 * @param executable path of the executable as its own mount namespace names it
 * @param sha256 SHA-256 of the executable's bytes (32 bytes), read from the inode that runs, not from the path
 * @param command the process's own short name, at most 15 bytes on Linux; anyone can set it, so it is a label, not proof
 * @param file the file that runs
 * @param state what has become of the path: empty if it still leads to the file that runs, or if that was not checked
 * @param signature the code signature, on macOS
 * @param script path of the script that exec(2) was called with, if the executable is its interpreter
 */
public record Code(
        Optional<String> executable,
        Optional<Bytes> sha256,
        Optional<String> command,
        Optional<FileId> file,
        Optional<ExecutableState> state,
        AppleSignature signature,
        Optional<String> script) {
    /** Unknown code. */
    public static final Code UNKNOWN = new Code(Optional.empty(), Optional.empty(), Optional.empty());

    /** Checks the size of the digest. */
    public Code {
        Sizes.check(sha256, 32, "SHA-256");
    }

    /**
     * Creates code without a script.
     *
     * @param executable path of the executable
     * @param sha256 SHA-256 of its bytes (32 bytes)
     * @param command the process's own short name
     * @param file the file that runs
     * @param state whether its path leads to another file or to none
     * @param signature the code signature
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
     * Creates code with an unknown file and signature.
     *
     * @param executable path of the executable
     * @param sha256 SHA-256 of its bytes (32 bytes)
     * @param command the process's own short name
     */
    public Code(Optional<String> executable, Optional<Bytes> sha256, Optional<String> command) {
        this(executable, sha256, command, Optional.empty(), Optional.empty(), AppleSignature.UNKNOWN);
    }

    /**
     * Returns this code with a known file.
     *
     * @param known the file that runs
     * @param pathState whether its path leads to another file or to none
     * @return the changed copy
     */
    public Code withFile(FileId known, Optional<ExecutableState> pathState) {
        return new Code(executable, sha256, command, Optional.of(known), pathState, signature, script);
    }

    /**
     * Returns this code with a signature.
     *
     * @param known the signature
     * @return the changed copy
     */
    public Code withSignature(AppleSignature known) {
        return new Code(executable, sha256, command, file, state, known, script);
    }

    /**
     * Returns this code as the interpreter of a script.
     *
     * @param known path of the script
     * @return the changed copy
     */
    public Code withScript(String known) {
        return new Code(executable, sha256, command, file, state, signature, Optional.of(known));
    }

    /**
     * Returns this code with another digest.
     *
     * @param digest SHA-256 of the executable's bytes (32 bytes); empty if unknown
     * @return the changed copy
     */
    public Code withSha256(Optional<Bytes> digest) {
        return new Code(executable, digest, command, file, state, signature, script);
    }

    /**
     * Returns this code with another command name.
     *
     * @param name the process's own short name
     * @return the changed copy
     */
    public Code withCommand(Optional<String> name) {
        return new Code(executable, sha256, name, file, state, signature, script);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Code that
                && executable.equals(that.executable)
                && sha256.equals(that.sha256)
                && command.equals(that.command)
                && file.equals(that.file)
                && state.equals(that.state)
                && signature.equals(that.signature)
                && script.equals(that.script);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return Objects.hash(executable, sha256, command, file, state, signature, script);
    }
}
