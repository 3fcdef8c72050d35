package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The service manager that started this process, if it wants to be notified (sd_notify(3)) at the Unix datagram socket
 * in the variable NOTIFY_SOCKET. Never blocks; undeliverable messages are dropped. Thread-safe.
 */
public final class ServiceManager {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC_NONBLOCK = 2 | 0x80000 | 0x800;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MAX_PATH_BYTES = 108;

    private final Optional<String> socket;

    /** @param socket a path, or a name in the abstract namespace after an {@code @} */
    public ServiceManager(Optional<String> socket) {
        this.socket = socket.filter(name -> (name.startsWith("/") || name.startsWith("@"))
                && name.getBytes(StandardCharsets.UTF_8).length < MAX_PATH_BYTES);
    }

    /** Returns the service manager that started this process. */
    public static ServiceManager ofThisProcess() {
        return new ServiceManager(Optional.ofNullable(System.getenv("NOTIFY_SOCKET")));
    }

    /** Sends a state, such as {@code READY=1}. */
    public void notify(String state) {
        if (socket.isEmpty()) {
            return;
        }
        Libc libc = new Libc();
        int fd = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC_NONBLOCK, 0);
        if (fd < 0) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            byte[] name = socket.get().getBytes(StandardCharsets.UTF_8);
            MemorySegment address = arena.allocate(2 + MAX_PATH_BYTES, 8);
            address.set(JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(name, 0, address, JAVA_BYTE, 2, name.length);
            if (name[0] == '@') {
                address.set(JAVA_BYTE, 2, (byte) 0);
            }
            if (libc.connect(fd, address, 2 + name.length) == 0) {
                byte[] bytes = state.getBytes(StandardCharsets.UTF_8);
                MemorySegment text = arena.allocate(bytes.length);
                MemorySegment.copy(bytes, 0, text, JAVA_BYTE, 0, bytes.length);
                long _ = libc.send(fd, text, bytes.length, MSG_NOSIGNAL);
            }
        } finally {
            libc.close(fd);
        }
    }
}
