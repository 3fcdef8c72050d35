package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.originator.Credentials;
import java.io.IOException;
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

    @Test
    void cgroupIsTheUnifiedOneAlsoOnHybridHosts() {
        assertThat(ProcText.cgroup("0::/user.slice/app.scope\n")).contains("/user.slice/app.scope");
        assertThat(ProcText.cgroup("9:name=systemd:/\n4:memory:/a:b\n0::/x:y\n"))
                .contains("/x:y");
        assertThat(ProcText.cgroup("4:memory:/a\n")).isEmpty();
    }
}
