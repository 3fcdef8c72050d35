package dev.throughline.identify;

import dev.throughline.originator.ProcessId;
import java.io.IOException;
import java.util.Optional;

/**
 * The parent of a process as one instance. Its pid is the same before and after its start time is read, so it was the parent
 * then: a process that adopts an orphan has another pid. And no process is older than its parent.
 */
final class ParentProcess {
    /** A reader of /proc/PID/stat. */
    interface Stat {
        String of(int pid) throws IOException;
    }

    private ParentProcess() {}

    /** Returns the parent; empty if it ended meanwhile, or is in a pid namespace that isn't visible from here. */
    static Optional<ProcessId> of(int pid, Stat stat) throws IOException {
        String before = stat.of(pid);
        int parent = ProcText.parent(before);
        if (parent == 0) {
            return Optional.empty();
        }
        try {
            long start = ProcText.startTime(stat.of(parent));
            return ProcText.parent(stat.of(pid)) == parent && start <= ProcText.startTime(before)
                    ? Optional.of(new ProcessId(parent, start))
                    : Optional.empty();
        } catch (IOException endedMeanwhile) {
            return Optional.empty();
        }
    }
}
