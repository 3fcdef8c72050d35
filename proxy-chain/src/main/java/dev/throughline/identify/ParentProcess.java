package dev.throughline.identify;

import dev.throughline.originator.ProcessId;
import java.io.IOException;
import java.util.Optional;

/**
 * The parent of a process as one instance. Its number is the same before and after its start is read, so that it was the
 * parent then: a process that adopts the child of an ended parent has another number. And no process is older than its
 * parent.
 */
final class ParentProcess {
    /** What reads /proc/PID/stat. */
    interface Stat {
        String of(int pid) throws IOException;
    }

    private ParentProcess() {}

    /** Empty if it ended meanwhile, or lies in a pid namespace that can't be seen from here. */
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
