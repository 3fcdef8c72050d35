package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories represent cgroups: only their inode numbers matter. */
class CgroupPathsTest {
    private static final long GONE = Long.MAX_VALUE;

    private final AtomicLong nanoTime = new AtomicLong(Long.MAX_VALUE - 10);

    @TempDir
    private Path root;

    private Path nginx = Path.of("");
    private CgroupPaths groups = new CgroupPaths(root, nanoTime::get);

    @BeforeEach
    void make() throws IOException {
        nginx = Files.createDirectories(root.resolve("system.slice/nginx.service"));
        groups = new CgroupPaths(root, nanoTime::get);
    }

    private static long id(Path folder) throws IOException {
        return (long) Files.getAttribute(folder, "unix:ino");
    }

    private static Optional<String> nowhere() {
        return Optional.empty();
    }

    @Test
    void aGroupIsFoundAndKnownFromThenOn() throws IOException {
        CgroupName found = groups.find(id(nginx), nowhere()).orElseThrow();
        assertThat(found.path()).contains("/system.slice/nginx.service");
        assertThat(found.unit()).contains("nginx.service");
        assertThat(groups.find(id(root), nowhere()).orElseThrow().path()).contains("/");
        // A second search would find the group at its new path.
        long number = id(nginx);
        Files.move(nginx, root.resolve("moved.scope"));
        nanoTime.addAndGet(CgroupPaths.REST.toNanos());
        assertThat(groups.find(number, nowhere())).contains(found);
    }

    /** Otherwise each process that ended with its cgroup would cost a search. */
    @Test
    void groupsThatAreGoneCostASearchInATenthOfASecond() throws IOException {
        assertThat(groups.find(GONE, nowhere())).isEmpty();
        long late = id(Files.createDirectory(root.resolve("late.scope")));
        for (int i = 0; i < 1000; i++) {
            assertThat(groups.find(GONE - i, nowhere())).isEmpty();
            assertThat(groups.find(late, nowhere()))
                    .as("only a search finds it")
                    .isEmpty();
        }
        nanoTime.addAndGet(CgroupPaths.REST.toNanos() - 1);
        assertThat(groups.find(late, nowhere())).isEmpty();
        nanoTime.incrementAndGet();
        assertThat(groups.find(late, nowhere()).orElseThrow().unit()).contains("late.scope");

        long later = id(Files.createDirectory(root.resolve("later.scope")));
        assertThat(groups.find(later, nowhere())).isEmpty();
        nanoTime.addAndGet(CgroupPaths.REST.toNanos());
        assertThat(groups.find(later, nowhere()).orElseThrow().unit()).contains("later.scope");
    }

    @Test
    void whereItsProcessIsItNeedsNoSearch() throws IOException {
        assertThat(groups.find(id(nginx), Optional.of("/system.slice/nginx.service"))
                        .orElseThrow()
                        .unit())
                .contains("nginx.service");
        long late = id(Files.createDirectory(root.resolve("late.scope")));
        assertThat(groups.find(late, nowhere()))
                .as("after a search, the next one would have to wait")
                .isPresent();
    }

    /** A process may have moved since it connected. */
    @Test
    void whereItsProcessIsNowIsNotWhereItWas() throws IOException {
        Path other = Files.createDirectory(root.resolve("other.scope"));
        assertThat(groups.find(id(nginx), Optional.of("/other.scope"))
                        .orElseThrow()
                        .unit())
                .contains("nginx.service");
        assertThat(groups.find(GONE, Optional.of("/other.scope"))).isEmpty();
        assertThat(groups.find(id(other), Optional.of("/no.scope"))
                        .orElseThrow()
                        .unit())
                .contains("other.scope");
    }

    @Test
    void outsideItsRootNumbersMeanOtherThings() throws IOException {
        CgroupPaths inner = new CgroupPaths(root.resolve("system.slice"), nanoTime::get);
        Path outside = Files.createDirectory(root.resolve("outside.scope"));
        assertThat(inner.find(id(outside), Optional.of("/../outside.scope"))).isEmpty();
    }
}
