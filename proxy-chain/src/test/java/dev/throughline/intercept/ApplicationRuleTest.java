package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.Code;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ApplicationRuleTest {
    private static final int SELF = Math.toIntExact(ProcessHandle.current().pid());

    private final ApplicationRule rule = new ApplicationRule();

    @Test
    void anApplicationMayCome() {
        assertThat(rule.objection(owner(SELF + 1, OptionalInt.of(0)))).isEmpty();
        assertThat(rule.objection(owner(SELF + 1, OptionalInt.empty()))).isEmpty();
    }

    /** Bits of a mark above the 16 bits of a hop are ignored. */
    @Test
    void aForeignMarkIsNoHops() {
        assertThat(rule.objection(owner(SELF + 1, OptionalInt.of(0xCA00_0000)))).isEmpty();
    }

    @Test
    void thisHopIsNoApplication() {
        assertLoop(owner(SELF, OptionalInt.of(0)));
    }

    @Test
    void aHopWhoseMarkWasForgottenInLaterMarksIsNoApplication() {
        assertLoop(owner(SELF + 1, OptionalInt.of(0x7103)));
    }

    private void assertLoop(SocketIdentity owner) {
        assertThat(rule.objection(owner)).map(FlowRejectedException::reason).contains(CloseReason.LOOP);
    }

    private static SocketIdentity owner(int pid, OptionalInt mark) {
        ProcessIdentity identity = new ProcessIdentity(
                Evidence.SOCKET_LOOKUP,
                OperatingSystem.LINUX,
                Optional.of(new ProcessId(pid, 1)),
                Optional.empty(),
                Code.UNKNOWN,
                Workload.UNKNOWN,
                ProcessContext.UNKNOWN);
        return new SocketIdentity(identity, mark, OptionalInt.of(1000));
    }
}
