package dev.throughline.identify;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Processes of another user that hold more descriptors than a scan looks at for one user; the last of them has the connection. */
final class ManyDescriptors {
    static final int USER = 65534;

    private ManyDescriptors() {}

    static Application run() throws IOException {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can start them");
        return Application.run(
                List.of("setpriv", "--reuid=" + USER, "--regid=" + USER, "--clear-groups"), "/bin/bash", """
                ulimit -n $(ulimit -Hn); exec python3 -c '
                import os, resource, time
                each = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100, 100000)
                left = %d + each
                while left > 0:
                    reader, writer = os.pipe()
                    left -= each
                    if os.fork() == 0:
                        for i in range(each): os.dup(0)
                        if left > 0: os.close(3)
                        os.write(writer, b"1")
                        time.sleep(1000)
                    os.read(reader, 1)
                    os.close(reader)
                    os.close(writer)
                os.write(3, b"ready\\n")
                os.close(3)
                time.sleep(1000)'
                """.formatted(
                                SocketHolders.BUDGET));
    }

    static int holder(Application application) {
        return (int) application
                .process()
                .children()
                .mapToLong(ProcessHandle::pid)
                .max()
                .orElseThrow();
    }
}
