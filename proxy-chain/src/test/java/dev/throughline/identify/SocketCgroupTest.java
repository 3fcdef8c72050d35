package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.platform.linux.SocketOwner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The check whether a process can have created a socket, by the cgroup that the socket keeps. Directories represent cgroups. */
class SocketCgroupTest {
    @TempDir
    private Path root;

    private SocketCgroup cgroup;
    private OptionalLong idOfA;
    private ProcessView self;

    @BeforeEach
    void make() throws IOException {
        Path a = Files.createDirectory(root.resolve("a"));
        Files.createDirectory(root.resolve("b"));
        cgroup = new SocketCgroup(Optional.of(root));
        idOfA = OptionalLong.of((long) Files.getAttribute(a, "unix:ino"));
        self = ProcessView.read((int) ProcessHandle.current().pid());
    }

    private ProcessView in(String path) {
        return in(Optional.of(CgroupName.of(path.getBytes(StandardCharsets.UTF_8))));
    }

    private ProcessView in(Optional<CgroupName> group) {
        return new ProcessView(
                self.id(),
                self.credentials(),
                self.command(),
                group,
                self.executable(),
                self.image(),
                self.audit(),
                self.namespaces());
    }

    private static SocketOwner madeIn(OptionalLong group) {
        return new SocketOwner(4711, 0, 1, OptionalInt.empty(), group, 1, true);
    }

    @Test
    void aProcessOfThatGroupAndNoOtherMayHaveMadeIt() {
        assertThat(cgroup.mayHold(in("/a"), madeIn(idOfA))).isTrue();
        assertThat(cgroup.mayHold(in("/b"), madeIn(idOfA))).isFalse();
        assertThat(cgroup.mayHold(in("/"), madeIn(idOfA))).isFalse();
    }

    /** A socket outlives its group, but a process that is in a group doesn't. */
    @Test
    void aGroupThatIsGoneIsNoProcesss() {
        assertThat(cgroup.mayHold(in("/gone"), madeIn(idOfA))).isFalse();
    }

    /** Otherwise a user who may create groups could avoid the comparison by a long path. */
    @Test
    void aPathTooLongToBeKeptIsHeldAgainstIt() {
        ProcessView far = in("/" + "a".repeat(300));
        assertThat(far.cgroup().orElseThrow().path()).isEmpty();

        assertThat(cgroup.mayHold(far, madeIn(idOfA))).isFalse();
    }

    @Test
    void acceptsProcessesWhoseCgroupCannotBeCompared() {
        assertThat(cgroup.mayHold(in("/../elsewhere"), madeIn(idOfA)))
                .as("beyond a cgroup namespace")
                .isTrue();
        assertThat(cgroup.mayHold(in("/b"), madeIn(OptionalLong.empty())))
                .as("a kernel that doesn't tell the socket's")
                .isTrue();
        assertThat(cgroup.mayHold(in(Optional.empty()), madeIn(idOfA)))
                .as("a kernel without groups")
                .isTrue();
        assertThat(new SocketCgroup(Optional.empty()).mayHold(in("/b"), madeIn(idOfA)))
                .as("version 2 isn't mounted as a whole")
                .isTrue();
    }
}
