package dev.throughline.identify;

import dev.throughline.originator.ProcessId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** This process, named the way the kernel's lookup names others. */
public final class OwnProcess {
    private OwnProcess() {}

    /** This process's pid and start time. */
    public static ProcessId id() throws IOException {
        String stat = Files.readString(Path.of("/proc/self/stat"), StandardCharsets.ISO_8859_1);
        return new ProcessId(Math.toIntExact(ProcessHandle.current().pid()), ProcText.startTime(stat));
    }
}
