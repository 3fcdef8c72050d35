package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.originator.ProcessId;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import org.junit.jupiter.api.Test;

/** A parent counts only if it was the child's parent while its start time was read. */
class ParentProcessTest {
    private static final int CHILD = 42;

    private static String stat(int parent, long start) {
        return "1 (x) S " + parent + " 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " + start + " 0\n";
    }

    /** Successive contents of /proc; an empty one means that the process is gone. */
    private static Optional<ProcessId> parent(String... answers) throws IOException {
        Queue<String> left = new ArrayDeque<>(List.of(answers));
        return ParentProcess.of(CHILD, pid -> {
            String answer = left.remove();
            if (answer.isEmpty()) {
                throw new FileNotFoundException("/proc/" + pid + "/stat");
            }
            return answer;
        });
    }

    @Test
    void itIsKnownByItsNumberAndItsStart() throws IOException {
        assertThat(parent(stat(7, 500), stat(1, 300), stat(7, 500))).contains(new ProcessId(7, 300));
        assertThat(parent(stat(7, 500), stat(1, 500), stat(7, 500))).contains(new ProcessId(7, 500));
    }

    @Test
    void oneOutsideOurNamespaceIsUnknown() throws IOException {
        assertThat(parent(stat(0, 500))).isEmpty();
    }

    /** Another process may have its pid by then. */
    @Test
    void oneThatEndedMeanwhileIsUnknown() throws IOException {
        assertThat(parent(stat(7, 500), stat(1, 300), stat(1, 500))).isEmpty();
        assertThat(parent(stat(7, 500), "")).isEmpty();
        assertThat(parent(stat(7, 500), stat(1, 300), "")).isEmpty();
    }

    @Test
    void oneThatIsYoungerThanItsChildIsNone() throws IOException {
        assertThat(parent(stat(7, 500), stat(1, 501), stat(7, 500))).isEmpty();
    }

    @Test
    void aProcessThatIsGoneHasNone() {
        assertThatThrownBy(() -> parent("")).isInstanceOf(IOException.class);
    }
}
