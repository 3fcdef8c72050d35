package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Objects;
import java.util.Optional;

/**
 * The context of a process: its user, parent and audit identity.
 *
 * @param userName name of the real user on the originating host
 * @param parent the parent process: the one that started it or, if that has ended, the one that adopted it
 * @param commandLineHash HMAC-SHA-256 (32 bytes) of its command line, with a key of the first hop's operator. With this key, a
 *     reader can test whether it was a given command line. The command line itself is never sent, since it can contain secrets
 * @param audit the audit identity
 * @param parentExecutable path of the parent's executable, as {@link Code#executable}
 * @param parentSha256 SHA-256 of the parent's executable (32 bytes)
 */
public record ProcessContext(
        Optional<String> userName,
        Optional<ProcessId> parent,
        Optional<Bytes> commandLineHash,
        Audit audit,
        Optional<String> parentExecutable,
        Optional<Bytes> parentSha256) {
    /** An unknown context. */
    public static final ProcessContext UNKNOWN = new ProcessContext(Optional.empty());

    /** Checks the sizes of both hashes. */
    public ProcessContext {
        Sizes.check(commandLineHash, 32, "keyed hash of the command line");
        Sizes.check(parentSha256, 32, "SHA-256 of the parent's executable");
    }

    /**
     * Creates a context with an unknown parent executable.
     *
     * @param userName name of the real user
     * @param parent the parent process
     * @param commandLineHash keyed hash of the command line (32 bytes)
     * @param audit the audit identity
     */
    public ProcessContext(
            Optional<String> userName, Optional<ProcessId> parent, Optional<Bytes> commandLineHash, Audit audit) {
        this(userName, parent, commandLineHash, audit, Optional.empty(), Optional.empty());
    }

    /**
     * Creates a context with a user name and nothing else.
     *
     * @param userName name of the real user
     */
    public ProcessContext(Optional<String> userName) {
        this(userName, Optional.empty(), Optional.empty(), Audit.UNKNOWN);
    }

    /**
     * Returns this context with a parent.
     *
     * @param known the parent
     * @return the changed copy
     */
    public ProcessContext withParent(ProcessId known) {
        return new ProcessContext(userName, Optional.of(known), commandLineHash, audit, parentExecutable, parentSha256);
    }

    /**
     * Returns this context with the hash of a command line.
     *
     * @param known its keyed hash (32 bytes)
     * @return the changed copy
     */
    public ProcessContext withCommandLineHash(Bytes known) {
        return new ProcessContext(userName, parent, Optional.of(known), audit, parentExecutable, parentSha256);
    }

    /**
     * Returns this context with an audit identity.
     *
     * @param known the audit identity
     * @return the changed copy
     */
    public ProcessContext withAudit(Audit known) {
        return new ProcessContext(userName, parent, commandLineHash, known, parentExecutable, parentSha256);
    }

    /**
     * Returns this context with the executable of the parent.
     *
     * @param executable path of the parent's executable
     * @param sha256 SHA-256 of its bytes (32 bytes)
     * @return the changed copy
     */
    public ProcessContext withParentExecutable(Optional<String> executable, Optional<Bytes> sha256) {
        return new ProcessContext(userName, parent, commandLineHash, audit, executable, sha256);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ProcessContext that
                && userName.equals(that.userName)
                && parent.equals(that.parent)
                && commandLineHash.equals(that.commandLineHash)
                && audit.equals(that.audit)
                && parentExecutable.equals(that.parentExecutable)
                && parentSha256.equals(that.parentSha256);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return Objects.hash(userName, parent, commandLineHash, audit, parentExecutable, parentSha256);
    }
}
