package dev.throughline.tests;

import static org.awaitility.Awaitility.await;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMultiset;
import com.google.common.collect.Multiset;
import com.google.common.io.Closer;
import com.google.common.io.Resources;
import dev.throughline.demo.Namespace;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * A host whose connections a hop intercepts and sends on through a hop of another host, to a server there. Hostile programs of
 * many kinds, each of another user, run at once beside the application of one more user.
 */
final class HostileScene implements AutoCloseable {
    /** The programs, by their names in {@code hostile.py}. */
    enum Hostile {
        HOLD(AttackSize.of(500, 3_000)),
        FORK(AttackSize.of(20, 100)),
        COPIES(AttackSize.of(10, 60)),
        FIN(AttackSize.of(4, 16)),
        RESET(AttackSize.of(4, 16)),
        STALL(AttackSize.of(60, 500)),
        ADDRESSES(0),
        PROGRAMS(AttackSize.of(2, 10)),
        HEADERS(AttackSize.of(50, 2_000)),
        REQUESTS(AttackSize.of(100, 1_500)),
        DESCRIPTORS(0);

        private final int size;

        Hostile(int size) {
            this.size = size;
        }

        String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        @SuppressWarnings("EnumOrdinal") // Any number will do that no other program has.
        int uid() {
            return 60_001 + ordinal();
        }
    }

    /** A flow of the application: its source, the time until its answer, and the error, if any. */
    record ShortFlow(String source, double milliseconds, String problem) {}

    /** The results of the application. */
    record Outcome(ImmutableList<ShortFlow> flows, String transferSource, String transferProblem) {}

    private static final ImmutableList<String> PREFERRED = ImmutableList.of("nice", "-n", "-10");

    static final int VICTIM = 60_101;
    static final int FLOWS = AttackSize.of(400, 2_000);
    private static final int MARK = 0x7301;
    private static final String SERVER = "10.91.9.2";
    private static final int SHORT_FLOWS = 200;
    private static final int TRANSFER_BYTES = AttackSize.of(16 << 20, 32 << 20);
    private static final int TRANSFER_SECONDS = AttackSize.of(8, 40);

    private final Closer closer = Closer.create();
    private final Path folder;
    private final Namespace host;
    private final Hops here;
    private final Hops there;
    private final Map<Hostile, Process> running = new EnumMap<>(Hostile.class);

    HostileScene(Path folder) throws IOException {
        this.folder = folder;
        // Other users must reach the programs in it. Keys have stricter modes.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String program : List.of("hostile.py", "victim.py")) {
            Resources.asByteSource(Resources.getResource("hostile/" + program))
                    .copyTo(com.google.common.io.MoreFiles.asByteSink(folder.resolve(program)));
        }
        try {
            host = Namespace.host("host");
            closer.register(host::close);
            Namespace web = host.neighbour("web");
            host.join(web, "10.91.9.1/24", SERVER + "/24");
            // It and hop-b represent another host, whose CPUs hostile programs can't use.
            Process server = web.command(ImmutableList.<String>builder()
                            .addAll(PREFERRED)
                            .addAll(Program.test(DisturbanceServer.class))
                            .build())
                    .redirectErrorStream(true)
                    .start();
            closer.register(server::destroyForcibly);
            here = new Hops(folder, host::command).keys("hop-a", "hop-b");
            closer.register(here::close);
            there = new Hops(folder, web::command);
            closer.register(there::close);
            configure();
            // The effect of the unit's CPUWeight=: otherwise hostile programs would use most of the CPU time.
            there.start("hop-b", PREFERRED, HostileScene::optimized);
            here.start("hop-a", PREFERRED, HostileScene::optimized);
        } catch (IOException | RuntimeException e) {
            closer.close();
            throw e;
        }
    }

    /** With the optimizing compiler, as the launcher starts hops. */
    private static void optimized(ProcessBuilder hop) {
        hop.environment().put("_JAVA_OPTIONS", "-XX:TieredStopAtLevel=4");
    }

    private void configure() throws IOException {
        Files.writeString(here.config("hop-a"), """
                hop: hop-a
                host: %s
                key: hop-a.key
                trust: trust
                admin: { socket: hop-a.sock, pid-file: hop-a.pid, metrics: "127.0.0.1:15090" }
                mark: 0x%x
                listeners:
                  - { name: apps, mode: transparent, by: tproxy, port: 15001, capture: { ports: [80, 8000-8099] } }
                  - { name: plain, mode: transparent, by: plain, address: "127.0.0.1:15020", destination: "%s:80" }
                  - { name: chain, mode: chain, by: plain, address: "127.0.0.1:15010" }
                route: { to: hop-b, at: "%s:15002" }
                limits: { flows: %d }
                """.formatted(Hops.HOST, MARK, SERVER, SERVER, FLOWS));
        there.configure("hop-b", "web-1", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s:15002" }]
                route: { to: destination }
                limits: { flows: %d }
                """.formatted(SERVER, FLOWS));
    }

    RunningHop hopA() {
        return here.get("hop-a");
    }

    RunningHop hopB() {
        return there.get("hop-b");
    }

    private Process start(int uid, String program, String... arguments) throws IOException {
        String user = Integer.toString(uid);
        return host.command(Stream.concat(
                                Stream.of(
                                        "setpriv",
                                        "--reuid",
                                        user,
                                        "--regid",
                                        user,
                                        "--clear-groups",
                                        "/usr/bin/python3",
                                        folder.resolve(program).toString()),
                                Stream.of(arguments))
                        .toList())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Starts a hostile program of each kind, and waits until they have taken all the slots that they can. */
    void attack(Set<Hostile> kinds) throws IOException {
        for (Hostile kind : kinds) {
            Path own = Files.createDirectory(folder.resolve(kind.word()));
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxrwxrwx"));
            running.put(
                    kind,
                    start(kind.uid(), "hostile.py", kind.word(), SERVER, Integer.toString(kind.size), own.toString()));
        }
        await("hostile programs to take all available slots")
                .atMost(Duration.ofSeconds(AttackSize.of(60, 240)))
                .until(() -> hopA().metric("throughline_budget_in_use{pool=\"hop\"}") >= FLOWS * 0.88);
    }

    /** Opens some flows of the application. */
    List<ShortFlow> shortFlows(int count) throws IOException {
        Process process = start(VICTIM, "victim.py", "short", SERVER, Integer.toString(count));
        return output(process).stream()
                .map(line -> new ShortFlow(
                        line.text("source"), Double.parseDouble(line.text("milliseconds")), line.text("problem")))
                .toList();
    }

    private static List<JsonTree> output(Process process) throws IOException {
        List<JsonTree> lines = new ArrayList<>();
        for (String line : process.inputReader().lines().toList()) {
            lines.add(JsonTree.parse(line));
        }
        return lines;
    }

    /** The application's short flows beside its transfer. */
    Outcome application() throws IOException {
        Process transfer = start(
                VICTIM,
                "victim.py",
                "long",
                SERVER,
                Integer.toString(TRANSFER_BYTES),
                Integer.toString(TRANSFER_SECONDS));
        CompletableFuture<List<JsonTree>> result = CompletableFuture.supplyAsync(() -> {
            try {
                return output(transfer);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        ImmutableList<ShortFlow> flows = ImmutableList.copyOf(shortFlows(SHORT_FLOWS));
        List<JsonTree> lines = result.join();
        return lines.isEmpty()
                ? new Outcome(flows, "", "it ended without a message")
                : new Outcome(
                        flows, lines.getFirst().text("source"), lines.getFirst().text("problem"));
    }

    /** Ends the hostile programs. */
    void stopAttack() throws IOException {
        for (Process process : running.values()) {
            process.getOutputStream().close();
        }
        running.values().forEach(process -> process.onExit().join());
    }

    /** Returns the sources of all flows that a hop has logged as the application's. */
    static Multiset<String> sourcesOfApplication(RunningHop hop) {
        return hop.process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close"))
                .map(line -> line.object("originator"))
                .filter(originator -> originator.text("uid").equals(Integer.toString(VICTIM)))
                .map(originator -> originator.text("source"))
                .collect(ImmutableMultiset.toImmutableMultiset());
    }

    /** The resources that a hop's process uses. */
    record Taken(long residentMebibytes, long descriptors) {
        static Taken by(RunningHop hop) throws IOException {
            Path process = Path.of("/proc", Long.toString(hop.pid()));
            String resident = Files.readString(process.resolve("status"), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .findFirst()
                    .orElseThrow();
            try (Stream<Path> descriptors = Files.list(process.resolve("fd"))) {
                return new Taken(Long.parseLong(resident.replaceAll("\\D", "")) / 1024, descriptors.count());
            }
        }
    }

    @Override
    public void close() throws IOException {
        running.values().forEach(Process::destroyForcibly);
        closer.close();
    }
}
