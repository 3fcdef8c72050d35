package dev.throughline.bench.compare;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;

/** Ports that nothing listens on. They are below those that the kernel gives to connections, so they stay free. */
final class FreePorts {
    private static final int FIRST = 10_000;
    private static final int LAST = 30_000;
    private static final int ATTEMPTS = 1_000;

    private final Random random = new Random();
    private final Set<Integer> given = new HashSet<>();

    int next() throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = random.nextInt(FIRST, LAST);
            if (!given.contains(port) && isFree(port)) {
                given.add(port);
                return port;
            }
        }
        throw new IOException("found no free port from " + FIRST + " to " + LAST);
    }

    private static boolean isFree(int port) throws IOException {
        try (ServerSocket probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress("127.0.0.1", port));
            return probe.isBound();
        } catch (BindException e) {
            return false;
        }
    }
}
