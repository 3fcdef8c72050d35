package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Optional;

/**
 * For whom the process ran.
 *
 * @param userName name of the real user on the originating host
 * @param parent the process that started it, or that took it over when that one ended
 * @param commandLineHash HMAC-SHA-256 (32 bytes) of its command line, under a key that the first hop's operator has: whoever has
 *     the key too can tell if it was this one. A command line itself is never told, since secrets stand in some
 * @param audit who had logged in
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
    /** Nothing is known. */
    public static final ProcessContext UNKNOWN = new ProcessContext(Optional.empty());

    /** Checks the size of what has one. */
    public ProcessContext {
        Sizes.check(commandLineHash, 32, "keyed hash of the command line");
        Sizes.check(parentSha256, 32, "SHA-256 of the parent's executable");
    }

    /**
     * A person whose parent process is known by its number at most.
     *
     * @param userName name of the real user
     * @param parent the parent process
     * @param commandLineHash keyed hash of the command line (32 bytes)
     * @param audit who had logged in
     */
    public ProcessContext(
            Optional<String> userName, Optional<ProcessId> parent, Optional<Bytes> commandLineHash, Audit audit) {
        this(userName, parent, commandLineHash, audit, Optional.empty(), Optional.empty());
    }

    /**
     * A context with a user name and nothing else.
     *
     * @param userName name of the real user
     */
    public ProcessContext(Optional<String> userName) {
        this(userName, Optional.empty(), Optional.empty(), Audit.UNKNOWN);
    }

    /**
     * The same, started by a known process.
     *
     * @param known the parent
     * @return with this parent
     */
    public ProcessContext withParent(ProcessId known) {
        return new ProcessContext(userName, Optional.of(known), commandLineHash, audit, parentExecutable, parentSha256);
    }

    /**
     * The same, with a command line that can be compared.
     *
     * @param known its keyed hash (32 bytes)
     * @return with this hash
     */
    public ProcessContext withCommandLineHash(Bytes known) {
        return new ProcessContext(userName, parent, Optional.of(known), audit, parentExecutable, parentSha256);
    }

    /**
     * The same, with what the audit knows.
     *
     * @param known who had logged in
     * @return with it
     */
    public ProcessContext withAudit(Audit known) {
        return new ProcessContext(userName, parent, commandLineHash, known, parentExecutable, parentSha256);
    }

    /**
     * The same, started by a process that runs a known executable.
     *
     * @param executable its path
     * @param sha256 of its bytes (32 bytes)
     * @return with both
     */
    public ProcessContext withParentExecutable(Optional<String> executable, Optional<Bytes> sha256) {
        return new ProcessContext(userName, parent, commandLineHash, audit, executable, sha256);
    }
}
