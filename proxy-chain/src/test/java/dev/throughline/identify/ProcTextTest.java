package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.originator.Credentials;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcTextTest {
    private static final String AFTER_NAME =
            " S 1 42 42 0 -1 4194560 113 0 0 0 0 0 0 0 20 0 1 0 987654 8192 200 18446744073709551615\n";

    @ParameterizedTest
    @ValueSource(strings = {"bash", "x) R 1 1", ") ", "((", "a b c", "", "1 (x) S 9 9 9\n"})
    void startTimeIsCountedFromTheLastParenthesis(String name) throws IOException {
        assertThat(ProcText.startTime("42 (" + name + ")" + AFTER_NAME)).isEqualTo(987654);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "42 (bash) S 1 42", "42 (bash"})
    void aShortLineIsNoProcess(String stat) {
        assertThatThrownBy(() -> ProcText.startTime(stat)).isInstanceOf(IOException.class);
    }

    @Test
    void credentialsAreRealEffectiveAndGroup() throws IOException {
        String status = "Name:\tUid:\\n0\nUmask:\t0022\nTgid:\t7\nUid:\t1000\t0\t0\t0\nGid:\t100\t101\t102\t103\n";
        assertThat(ProcText.credentials(status)).isEqualTo(new Credentials(1000, 0, 100));
    }

    @Test
    void userIdsAreUnsigned() throws IOException {
        String status = "Uid:\t4294967294\t4294967294\t0\t0\nGid:\t4294967294\t0\t0\t0\n";
        assertThat(ProcText.credentials(status).unsignedUid()).isEqualTo(4294967294L);
    }

    @Test
    void withoutUserLinesNothingIsClaimed() {
        assertThatThrownBy(() -> ProcText.credentials("Name:\tx\nGid:\t0\t0\t0\t0\n"))
                .isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "x) R 1 1", "1 (x) S 9 9 9\n"})
    void theParentIsCountedFromTheLastParenthesis(String name) throws IOException {
        assertThat(ProcText.parent("42 (" + name + ")" + AFTER_NAME)).isEqualTo(1);
    }

    @Test
    void aProcessWithoutALoginHasNoAuditId() throws IOException {
        assertThat(ProcText.auditId("1000")).hasValue(1000);
        assertThat(ProcText.auditId("0\n")).hasValue(0);
        assertThat(ProcText.auditId("4294967294")).hasValue(4294967294L);
        assertThat(ProcText.auditId("4294967295")).isEmpty();
        assertThatThrownBy(() -> ProcText.auditId("")).isInstanceOf(IOException.class);
    }

    private static Optional<String> path(String cgroup) {
        return ProcText.cgroup(cgroup).flatMap(CgroupName::path);
    }

    @Test
    void cgroupIsTheUnifiedOneAlsoOnHybridHosts() {
        assertThat(path("0::/user.slice/app.scope\n")).contains("/user.slice/app.scope");
        assertThat(path("9:name=systemd:/\n4:memory:/a:b\n0::/x:y\n")).contains("/x:y");
        assertThat(ProcText.cgroup("4:memory:/a\n")).isEmpty();
    }

    /** The path is that of cgroup version 2; unit and container come from the first path that has them. */
    @Test
    void whereTheUnifiedOneNamesNothingSystemdsOwnDoes() {
        String id = "c0".repeat(32);
        String hybrid = "9:name=systemd:/docker/" + id + "\n4:memory:/docker/" + "d0".repeat(32) + "\n";
        assertThat(ProcText.cgroup(hybrid + "0::/\n").orElseThrow().container()).contains(id);
        assertThat(path(hybrid + "0::/\n")).contains("/");
        assertThat(ProcText.cgroup(hybrid).orElseThrow().container()).contains(id);
        assertThat(path(hybrid)).isEmpty();
        CgroupName unified = ProcText.cgroup(hybrid + "0::/nginx.service\n").orElseThrow();
        assertThat(unified.unit()).contains("nginx.service");
        assertThat(unified.container()).isEmpty();
    }
}
