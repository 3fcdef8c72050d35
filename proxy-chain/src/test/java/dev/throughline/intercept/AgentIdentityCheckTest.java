package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.config.ListenerConfig.Agent;
import dev.throughline.engine.ScriptedConnection;
import dev.throughline.header.Bytes;
import dev.throughline.identify.IdentifyLimits;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.transport.AgentClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The processes from which connections may be requested. This process is the listener. */
@Timeout(60)
class AgentIdentityCheckTest {
    private static final int PID = Math.toIntExact(ProcessHandle.current().pid());

    private ProcessIdentifier identifier;
    private int uid;
    private String java;

    @BeforeEach
    void open() throws IOException {
        identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL);
        uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        java = Path.of("/proc/self/exe").toRealPath().toString();
    }

    @AfterEach
    void close() {
        identifier.close();
    }

    private Optional<String> objection(int expected, Optional<String> executable, Optional<Bytes> sha256) {
        return new AgentIdentityCheck(new Agent(expected, executable, sha256), identifier)
                .objection(new AgentClient.Agent(PID, uid, new ScriptedConnection()))
                .join();
    }

    @Test
    void theConfiguredAgentIsAccepted() {
        assertThat(objection(uid, Optional.empty(), Optional.empty())).isEmpty();
        assertThat(objection(uid, Optional.of(java), Optional.empty())).isEmpty();
    }

    @Test
    void anotherUsersMayNot() {
        assertThat(objection(uid + 1, Optional.empty(), Optional.empty())).contains("user " + uid + " listens there");
    }

    @Test
    void anotherProgramMayNot() {
        assertThat(objection(uid, Optional.of("/usr/bin/another"), Optional.empty()))
                .get()
                .asString()
                .contains("executable " + java);
        assertThat(objection(uid, Optional.of(java), Optional.of(Bytes.copyOf(new byte[32]))))
                .get()
                .asString()
                .contains("sha256 ");
    }
}
