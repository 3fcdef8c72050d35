package dev.throughline.chain;

import com.google.common.base.Splitter;
import dev.throughline.header.Bytes;
import dev.throughline.header.Cidr;
import dev.throughline.header.Tuple;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.Trust;
import dev.throughline.originator.Code;
import dev.throughline.originator.HopId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A header as text, with its receiver and the expected result; vectors/README.md describes the format. */
record Vector(String name, Map<String, String> settings, List<String> trustLines, byte[] bytes) {
    static final Path DIRECTORY = Path.of("src/test/resources/vectors");
    private static final List<String> KEYS = List.of(
            "expect",
            "link",
            "says",
            "hops",
            "trust",
            "key",
            "self",
            "started",
            "now",
            "socket",
            "max-hops",
            "nat",
            "seen",
            "flow-seen",
            "capacity");

    static Vector parse(String name, String text) {
        Map<String, String> settings = new TreeMap<>();
        List<String> trustLines = new ArrayList<>();
        StringBuilder hex = new StringBuilder();
        for (String line : Splitter.on('\n').split(text)) {
            int colon = line.indexOf(": ");
            if (line.startsWith("#") || line.isBlank()) {
                continue;
            }
            String key = colon < 0 ? "" : line.substring(0, colon);
            if (key.equals("key")) {
                trustLines.add(line.substring(colon + 2));
            } else if (KEYS.contains(key)) {
                settings.put(key, line.substring(colon + 2));
            } else {
                hex.append(line.replaceFirst("#.*", "").replace(" ", ""));
            }
        }
        return new Vector(name, settings, trustLines, HexFormat.of().parseHex(hex));
    }

    String expect() {
        return setting("expect").orElseThrow();
    }

    Optional<String> setting(String key) {
        return Optional.ofNullable(settings.get(key));
    }

    Trust trust() {
        try {
            String file = setting("trust").orElse("");
            String text = file.isEmpty() ? "" : Files.readString(DIRECTORY.resolve(file));
            return Trust.parse(name, text + String.join("\n", trustLines));
        } catch (IOException | KeyFormatException e) {
            throw new AssertionError(name, e);
        }
    }

    /** Returns the receiver of this header, with the history that the vector describes. */
    Scene.Receiver receiver() {
        ReplayWindow window =
                new ReplayWindow(setting("capacity").map(Integer::parseInt).orElse(100));
        Scene.Receiver receiver = new Scene.Receiver()
                .trust(trust())
                .self(setting("self").orElseThrow())
                .started(Instant.parse(setting("started").orElseThrow()))
                .now(Instant.parse(setting("now").orElseThrow()))
                .socket(tuple(setting("socket").orElseThrow()))
                .window(window);
        setting("max-hops").map(Integer::parseInt).ifPresent(receiver::maxHops);
        setting("nat").map(Vector::nat).ifPresent(receiver::nat);
        for (int i = 0; i < setting("seen").map(Integer::parseInt).orElse(0); i++) {
            receiver.receive(bytes);
        }
        for (int i = 0; i < setting("flow-seen").map(Integer::parseInt).orElse(0); i++) {
            Bytes other =
                    Bytes.copyOf(ByteBuffer.allocate(Digests.SIZE).putInt(i).array());
            window.present(other, HopId.of("laptop"), Scene.originator(false), Scene.NOW.plusSeconds(10), Scene.NOW);
        }
        return receiver;
    }

    /** Returns a verified originator on one line. */
    static String says(Originator originator) {
        List<String> parts = new ArrayList<>();
        parts.add("flow " + originator.flow() + " of host " + originator.host());
        parts.add(originator.tuple().toString());
        parts.add(originator.observedAt().toString());
        process(parts, originator.identity(), originator.wayIn());
        return String.join("; ", parts);
    }

    /** Adds the known facts about a process. */
    static void process(List<String> parts, ProcessIdentity who, InterceptionMethod wayIn) {
        parts.add(who.evidence() + " by " + wayIn + " on " + who.system());
        who.process()
                .ifPresent(p -> parts.add("pid " + p.unsignedPid() + " of " + Long.toUnsignedString(p.startTime())));
        who.credentials()
                .ifPresent(c -> parts.add(
                        "uid " + c.unsignedUid() + " as " + c.unsignedEffectiveUid() + " gid " + c.unsignedGid()));
        code(parts, who.code());
        workload(parts, who.workload());
        processContext(parts, who.processContext());
    }

    private static void code(List<String> parts, Code code) {
        code.executable().ifPresent(path -> parts.add("executable " + path));
        code.sha256().ifPresent(hash -> parts.add("hash " + hash));
        code.command().ifPresent(command -> parts.add("command " + command));
        code.signature().signingId().ifPresent(id -> parts.add("signing-id " + id));
        code.signature().teamId().ifPresent(id -> parts.add("team " + id));
        code.signature().cdhash().ifPresent(hash -> parts.add("cdhash " + hash));
        code.file().ifPresent(file -> parts.add("file " + file));
        code.state().ifPresent(state -> parts.add("state " + state));
        code.script().ifPresent(script -> parts.add("script " + script));
    }

    private static void workload(List<String> parts, Workload workload) {
        workload.bootId().ifPresent(boot -> parts.add("boot " + boot));
        workload.cgroup().ifPresent(cgroup -> parts.add("cgroup " + cgroup));
        workload.unit().ifPresent(unit -> parts.add("unit " + unit));
        workload.container().ifPresent(id -> parts.add("container " + id));
        workload.pod().ifPresent(pod -> parts.add("pod " + pod));
        workload.namespaces().network().ifPresent(inode -> parts.add("network " + Long.toUnsignedString(inode)));
        workload.namespaces().pid().ifPresent(inode -> parts.add("pids " + Long.toUnsignedString(inode)));
    }

    private static void processContext(List<String> parts, ProcessContext processContext) {
        processContext.userName().ifPresent(user -> parts.add("user " + user));
        processContext.audit().session().ifPresent(session -> parts.add("audit-session " + session));
        processContext
                .parent()
                .ifPresent(p -> parts.add("parent " + p.unsignedPid() + " of " + Long.toUnsignedString(p.startTime())));
        processContext.audit().token().ifPresent(token -> parts.add("token " + token));
        processContext.commandLineHash().ifPresent(hash -> parts.add("command-line " + hash));
        processContext.audit().user().ifPresent(user -> parts.add("audit-user " + user));
        processContext.parentExecutable().ifPresent(path -> parts.add("parent-path " + path));
        processContext.parentSha256().ifPresent(hash -> parts.add("parent-hash " + hash));
    }

    private static Tuple tuple(String text) {
        List<String> ends = Splitter.on(" -> ").splitToList(text);
        return Tuple.tcp(endpoint(ends.get(0)), endpoint(ends.get(1)));
    }

    private static InetSocketAddress endpoint(String text) {
        URI uri = URI.create("tcp://" + text);
        return Scene.at(uri.getHost().replaceAll("[\\[\\]]", ""), uri.getPort());
    }

    private static NatException nat(String text) {
        List<String> parts = Splitter.on(' ').splitToList(text);
        return new NatException(HopId.of(parts.get(0)), HopId.of(parts.get(1)), Cidr.parse(parts.get(2)));
    }
}
