package dev.throughline.tests;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The 100 applications of {@link Disturbance}, as a program. They work until a line comes on standard input, then each
 * finishes its operation, and the results are printed. A second line makes one exchange more, and its result.
 *
 * <p>An operation may be refused or aborted. It must not exceed its deadline, and a clean end must have complete data:
 * lines that begin with {@code failure} report violations.
 */
final class DisturbanceApps {
    static final String ADDRESS = "10.91.9.1";
    static final String ADDRESS6 = "fd91:9::1";
    static final String SERVER = "10.91.9.2";
    static final String SERVER6 = "fd91:9::2";
    /** Applications bind ports that the kernel never assigns to the hop. */
    static final int FIRST_PORT = 20_000;

    static final int LAST_PORT = 29_999;

    private static final Duration DEADLINE = Duration.ofSeconds(20);
    /** Maximum time for all operations to finish. */
    static final Duration END = DEADLINE.plusSeconds(10);

    private static final int MEBIBYTE = 1 << 20;

    /** The kinds of applications, with their number. */
    enum Kind {
        CONNECT(40),
        IDLE(20),
        LATE(20),
        TRANSFER(20);

        private final int applications;
        private final LongAdder done = new LongAdder();
        private final LongAdder interrupted = new LongAdder();
        private final LongAdder bytes = new LongAdder();
        private final AtomicLong longest = new AtomicLong();
        private final Map<String, LongAdder> reasons = new ConcurrentHashMap<>();

        Kind(int applications) {
            this.applications = applications;
        }
    }

    private final CountDownLatch stop = new CountDownLatch(1);
    /** Connections that were interrupted once they were open. */
    private final Queue<String> cut = new ConcurrentLinkedQueue<>();

    private final AtomicInteger nextPort = new AtomicInteger();
    private final ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor();
    private final long started = System.nanoTime();

    private DisturbanceApps() {}

    /** The argument is the seed of what the applications choose. */
    public static void main(String[] args) throws IOException, InterruptedException {
        new DisturbanceApps().run(Long.parseLong(args[0]));
        System.exit(0);
    }

    private void run(long seed) throws IOException, InterruptedException {
        Random seeds = new Random(seed);
        List<Thread> threads = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (int i = 0; i < kind.applications; i++) {
                Random random = new Random(seeds.nextLong());
                threads.add(Thread.ofVirtual().name(kind + "-" + i).start(() -> work(kind, random)));
            }
        }
        System.out.println("ready");
        awaitLine();
        stop.countDown();
        join(threads);
        for (Kind kind : Kind.values()) {
            System.out.printf(
                    "operations %s %d %d %d %d%n",
                    kind,
                    kind.done.sum(),
                    kind.interrupted.sum(),
                    TimeUnit.NANOSECONDS.toMillis(kind.longest.get()),
                    kind.bytes.sum());
            kind.reasons.forEach((reason, count) -> System.out.printf("reason %s %d %s%n", kind, count.sum(), reason));
        }
        cut.forEach(connection -> System.out.println("cut " + connection));
        System.out.println("stopped");
        if (awaitLine()) {
            System.out.println("exchange " + exchangeOnce(false) + ", " + exchangeOnce(true));
        }
    }

    private void join(List<Thread> threads) throws InterruptedException {
        long until = System.nanoTime() + END.toNanos();
        for (Thread thread : threads) {
            if (!thread.join(Duration.ofNanos(until - System.nanoTime()))) {
                failure("application %s did not end within %d s: %s"
                        .formatted(thread.getName(), END.toSeconds(), Arrays.toString(thread.getStackTrace())));
            }
        }
    }

    private static boolean awaitLine() throws IOException {
        int read = System.in.read();
        while (read >= 0 && read != '\n') {
            read = System.in.read();
        }
        return read >= 0;
    }

    private String exchangeOnce(boolean six) {
        try (Socket socket = bound(six)) {
            socket.setSoTimeout((int) DEADLINE.toMillis());
            socket.connect(server(DisturbanceServer.ECHO, six), (int) DEADLINE.toMillis());
            exchange(socket, new byte[100]);
            return "done";
        } catch (IOException e) {
            return e.toString();
        }
    }

    private void work(Kind kind, Random random) {
        while (stop.getCount() > 0) {
            switch (kind) {
                case CONNECT -> {
                    once(kind, DisturbanceServer.ECHO, random, socket -> {
                        byte[] bytes = new byte[random.nextInt(1, 10_000)];
                        random.nextBytes(bytes);
                        exchange(socket, bytes);
                        kind.bytes.add(2L * bytes.length);
                    });
                    pause(500 + random.nextInt(1000));
                }
                case IDLE -> idle(random);
                case LATE -> {
                    once(kind, DisturbanceServer.LATE, random, socket -> late(socket, random));
                    pause(100 + random.nextInt(400));
                }
                case TRANSFER -> {
                    once(kind, DisturbanceServer.TRANSFER, random, socket -> transfer(socket, random));
                    pause(1000 + random.nextInt(2000));
                }
            }
        }
    }

    /** The pause is part of the scene; it ends with it. */
    private void pause(int millis) {
        try {
            var _ = stop.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private interface Use {
        void with(Socket socket) throws IOException;
    }

    /** One operation with a connection of its own. */
    private void once(Kind kind, int port, Random random, Use use) {
        boolean six = random.nextBoolean();
        operate(kind, null, () -> bound(six), socket -> {
            socket.connect(server(port, six));
            use.with(socket);
            socket.close();
        });
    }

    /** Several exchanges on one connection, and nothing for seconds between them. */
    private void idle(Random random) {
        boolean six = random.nextBoolean();
        @Nullable
        Socket open = operate(
                Kind.IDLE, null, () -> bound(six), socket -> socket.connect(server(DisturbanceServer.OTHER_ECHO, six)));
        while (open != null && stop.getCount() > 0) {
            byte[] bytes = new byte[random.nextInt(1, 5_000)];
            random.nextBytes(bytes);
            open = operate(Kind.IDLE, open, () -> null, socket -> exchange(socket, bytes));
            Kind.IDLE.bytes.add(open == null ? 0 : 2L * bytes.length);
            pause(2000 + random.nextInt(6000));
        }
        if (open == null) {
            pause(500);
        } else {
            abort(open);
        }
    }

    private interface Source {
        @Nullable
        Socket get() throws IOException;
    }

    /** Runs an operation within its deadline; null if it was interrupted, else the connection. */
    private @Nullable Socket operate(Kind kind, @Nullable Socket given, Source source, Use use) {
        long start = System.nanoTime();
        @Nullable Socket socket = given;
        String from = "";
        AtomicBoolean late = new AtomicBoolean();
        try {
            if (socket == null) {
                socket = source.get();
            }
            // A closed socket has no address.
            from = Tuple.text((InetSocketAddress) socket.getLocalSocketAddress());
            Socket used = socket;
            Future<?> alarm = watchdog.schedule(
                    () -> {
                        late.set(true);
                        abort(used);
                    },
                    DEADLINE.toMillis(),
                    TimeUnit.MILLISECONDS);
            try {
                use.with(socket);
            } finally {
                alarm.cancel(false);
            }
            kind.done.increment();
            return socket;
        } catch (CutShortException e) {
            failure("%s from %s to %s: %s".formatted(kind, from, socket.getRemoteSocketAddress(), e.getMessage()));
        } catch (IOException e) {
            if (late.get()) {
                failure("%s from %s to %s hangs: nothing for %s: %s"
                        .formatted(kind, from, socket.getRemoteSocketAddress(), DEADLINE, e.getMessage()));
            } else {
                kind.interrupted.increment();
                if (socket != null && socket.isConnected()) {
                    cut.add("%s %s %s".formatted(from, kind, e.getMessage()));
                }
                kind.reasons
                        .computeIfAbsent(String.valueOf(e.getMessage()), reason -> new LongAdder())
                        .increment();
            }
        } finally {
            kind.longest.accumulateAndGet(System.nanoTime() - start, Math::max);
        }
        if (socket != null) {
            abort(socket);
        }
        return null;
    }

    private static InetSocketAddress server(int port, boolean six) {
        return new InetSocketAddress(InetAddresses.forString(six ? SERVER6 : SERVER), port);
    }

    private Socket bound(boolean six) throws IOException {
        InetAddress address = InetAddresses.forString(six ? ADDRESS6 : ADDRESS);
        for (int attempt = 0; ; attempt++) {
            Socket socket = new Socket();
            try {
                int port = FIRST_PORT + Math.floorMod(nextPort.getAndIncrement(), LAST_PORT - FIRST_PORT + 1);
                // Also a port whose last connection the kernel still remembers.
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(address, port));
                return socket;
            } catch (BindException e) {
                socket.close();
                if (attempt == 100) {
                    throw e;
                }
            }
        }
    }

    /** With a reset, so that nothing cut short looks complete to the server. */
    private static void abort(Socket socket) {
        try (socket) {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            // It is closed already.
        }
    }

    private static void exchange(Socket socket, byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        byte[] back = whole(socket.getInputStream(), bytes.length, "echo");
        if (!Arrays.equals(back, bytes)) {
            throw new CutShortException("the echo differs from what was sent");
        }
    }

    private static void late(Socket socket, Random random) throws IOException {
        byte[] request = new byte[DisturbanceServer.LATE_REQUEST];
        random.nextBytes(request);
        ByteBuffer.wrap(request).putLong(0, 1000 + random.nextInt(4000));
        socket.getOutputStream().write(request);
        socket.shutdownOutput();
        byte[] answer = whole(socket.getInputStream(), DisturbanceServer.DIGEST, "late answer");
        if (!Arrays.equals(answer, Payload.digest().digest(request))) {
            throw new CutShortException("the late answer is about another request");
        }
        Kind.LATE.bytes.add(request.length + answer.length);
    }

    private static void transfer(Socket socket, Random random) throws IOException {
        byte[] upload = new byte[MEBIBYTE];
        random.nextBytes(upload);
        OutputStream out = socket.getOutputStream();
        DataOutputStream data = new DataOutputStream(out);
        data.writeInt(upload.length);
        data.write(upload);
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] theirs = whole(in, DisturbanceServer.DIGEST, "digest of the upload");
        if (!Arrays.equals(theirs, Payload.digest().digest(upload))) {
            throw new CutShortException("the server received another upload");
        }
        byte[] download = whole(in, upload.length, "download");
        byte[] digest = whole(in, DisturbanceServer.DIGEST, "digest of the download");
        if (!Arrays.equals(digest, Payload.digest().digest(download))) {
            throw new CutShortException("the download differs from what the server sent");
        }
        Kind.TRANSFER.bytes.add(2L * MEBIBYTE);
    }

    private static byte[] whole(InputStream in, int count, String what) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new CutShortException("%s ended cleanly after %d of %d bytes".formatted(what, bytes.length, count));
        }
        return bytes;
    }

    private void failure(String what) {
        System.out.printf("failure after %.1f s: %s%n", (System.nanoTime() - started) / 1e9, what);
    }

    /** Thrown if data is missing or wrong although the connection ended cleanly. */
    private static final class CutShortException extends IOException {
        private static final long serialVersionUID = 1;

        CutShortException(String message) {
            super(message);
        }
    }
}
