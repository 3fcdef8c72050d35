package dev.throughline.ebpf;

import dev.throughline.header.Bytes;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What the last exec(2) of a process was asked to run, noted by the kernel before the first instruction of what runs since.
 *
 * @param startBootNanos when the process started
 * @param execId as in {@link ConnectRecord.Running}
 * @param userNamespace inode of the user namespace whose rights the process had
 * @param mountNamespace inode of the mount namespace in which the name counts
 * @param script the name that exec(2) was given, if the file has an interpreter ({@code #!}, execve(2), or binfmt_misc);
 *     empty for a program of its own, and for a longer name than {@value #NAME_BYTES} bytes
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
        // A name that fills all of it has been cut.
        boolean isWhole = name.length > 0 && name.length < NAME_BYTES - 1;
        return new ExecRecord(
                in.getLong(START),
                in.getLong(EXEC_ID),
                in.getInt(USER_NAMESPACE),
                in.getInt(MOUNT_NAMESPACE),
                in.getInt(INTERPRETED) == 1 && isWhole ? Optional.of(Bytes.wrap(name)) : Optional.empty());
    }
}
