package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class ServiceManagerTest {
    private static String notified(String name, String state) {
        Libc libc = new Libc();
        int fd = libc.socket(1, 2 | 0x80000, 0);
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            MemorySegment address = arena.allocate(110, 8);
            address.set(JAVA_SHORT, 0, (short) 1);
            MemorySegment.copy(bytes, 0, address, JAVA_BYTE, 2, bytes.length);
            if (bytes[0] == '@') {
                address.set(JAVA_BYTE, 2, (byte) 0);
            }
            assertThat(libc.bind(fd, address, 2 + bytes.length)).isZero();

            new ServiceManager(Optional.of(name)).notify(state);

            MemorySegment datagram = arena.allocate(100);
            long length = libc.recv(fd, datagram, 100, 0);
            return new String(datagram.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        } finally {
            libc.close(fd);
        }
    }

    @Test
    void sendsTheStateToASocketWithAPath(@TempDir Path folder) {
        assertThat(notified(folder.resolve("notify").toString(), "READY=1")).isEqualTo("READY=1");
    }

    @Test
    void sendsTheStateToASocketWithAnAbstractName() {
        assertThat(notified("@throughline-test-" + ProcessHandle.current().pid(), "WATCHDOG=1"))
                .isEqualTo("WATCHDOG=1");
    }

    @Test
    void doesNothingWhereNobodyListens(@TempDir Path folder) {
        new ServiceManager(Optional.of(folder.resolve("nobody").toString())).notify("READY=1");
        new ServiceManager(Optional.empty()).notify("READY=1");
    }
}
