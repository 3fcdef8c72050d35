package dev.throughline.identify.ebpf;

import dev.throughline.header.Bytes;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The kernel's record of the last exec(2) of a process, made before the first instruction of the new program.
 *
 * @param startBootNanos start time of the process
 * @param execId see {@link ConnectRecord.ProcessState}
 * @param userNamespace inode of the process's user namespace
 * @param mountNamespace inode of the mount namespace in which {@code script} is resolved
 * @param script the path passed to exec(2), if an interpreter runs the file ({@code #!}, execve(2), or binfmt_misc);
 *     empty for a native program, and for a path longer than {@value #NAME_BYTES} bytes
 */
public record ExecRecord(
        long startBootNanos, long execId, int userNamespace, int mountNamespace, Optional<Bytes> script) {
    static final int START = 0;
    static final int EXEC_ID = 8;
    static final int USER_NAMESPACE = 16;
    static final int MOUNT_NAMESPACE = 20;
    /** 1 if an interpreter runs the file. */
    static final int INTERPRETED = 24;

    static final int NAME = 32;
    static final int NAME_BYTES = 256;
    static final int BYTES = NAME + NAME_BYTES;

    static ExecRecord read(ByteBuffer in) {
        int end = NAME;
        while (end < BYTES && in.get(end) != 0) {
            end++;
        }
        byte[] name = new byte[end - NAME];
        in.get(NAME, name);
        // A name without a terminating zero was truncated.
        boolean isWhole = name.length > 0 && name.length < NAME_BYTES - 1;
        return new ExecRecord(
                in.getLong(START),
                in.getLong(EXEC_ID),
                in.getInt(USER_NAMESPACE),
                in.getInt(MOUNT_NAMESPACE),
                in.getInt(INTERPRETED) == 1 && isWhole ? Optional.of(Bytes.wrap(name)) : Optional.empty());
    }
}
