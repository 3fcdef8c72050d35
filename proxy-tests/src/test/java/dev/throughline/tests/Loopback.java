package dev.throughline.tests;

import static org.awaitility.Awaitility.await;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/** 256 loopback addresses that no other program uses, so that fixed ports on them are free. */
record Loopback(int second, int third) {
    private static final AtomicInteger NEXT_PORT = new AtomicInteger();

    static Loopback own() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return new Loopback(random.nextInt(1, 255), random.nextInt(0, 256));
    }

    /**
     * Returns a free port of ::1, the only such address of a machine. It is below the kernel's range of ephemeral ports, and
     * different at each call.
     */
    static InetSocketAddress ipv6() throws IOException {
        while (true) {
            int port = 20_000 + (int) ((ProcessHandle.current().pid() * 16 + NEXT_PORT.getAndIncrement()) % 10_000);
            InetSocketAddress address = new InetSocketAddress(InetAddresses.forString("::1"), port);
            try (ServerSocket probe = new ServerSocket(port, 1, address.getAddress())) {
                return address;
            } catch (BindException taken) {
                // The next one may be free.
            }
        }
    }

    /**
     * Listens at an address. A process that another test starts has a copy of all sockets of this JVM until it executes its program,
     * so a socket that was closed here may still listen for a moment.
     */
    static ServerSocket listen(InetSocketAddress address) {
        return await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(10))
                .ignoreExceptionsInstanceOf(BindException.class)
                .until(() -> new ServerSocket(address.getPort(), 4096, address.getAddress()), ServerSocket::isBound);
    }

    InetAddress address(int host) {
        return InetAddresses.forString("127.%d.%d.%d".formatted(second, third, host));
    }

    InetSocketAddress at(int host, int port) {
        return new InetSocketAddress(address(host), port);
    }

    /** Returns the address in the format of a configuration. */
    String text(int host, int port) {
        return "127.%d.%d.%d:%d".formatted(second, third, host, port);
    }
}
