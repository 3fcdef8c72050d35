package dev.throughline.identify;

import dev.throughline.originator.ProcessId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The identity of this process in the same terms as that of others. */
public final class OwnProcess {
    private static final int PID = Math.toIntExact(ProcessHandle.current().pid());

    private OwnProcess() {}

    public static int pid() {
        return PID;
    }

    /** Returns this process's pid and start time. */
    public static ProcessId id() throws IOException {
        String stat = Files.readString(Path.of("/proc/self/stat"), StandardCharsets.ISO_8859_1);
        return new ProcessId(PID, ProcText.startTime(stat));
    }
}
