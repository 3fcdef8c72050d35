package dev.throughline.cli;

import dev.throughline.config.IoErrorText;
import dev.throughline.config.Values;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.policy.PolicyRequest;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;

/**
 * A flow for which the policy is evaluated, described by a line of a flow log or by options. Options are named like the
 * fields of the log.
 */
final class FlowQuery {
    private static final Pattern HOST_ID = Pattern.compile("[0-9a-f]{16}");

    /** Values of options, by the names that they have in a flow log. */
    private final Map<String, @Nullable String> facts = new LinkedHashMap<>();

    @Option(names = "--flow", paramLabel = "FILE", description = "line of a flow log; - for standard input")
    @Nullable
    Path log;

    @Option(names = "--user", paramLabel = "USER", description = "user name or id; repeat for both")
    List<String> users = List.of();

    @Option(names = "--group", paramLabel = "ID", description = "group id")
    void group(@Nullable String value) {
        facts.put("gid", value);
    }

    @Option(names = "--executable", paramLabel = "PATH", description = "executable of the process")
    void executable(@Nullable String value) {
        facts.put("exe", value);
    }

    @Option(names = "--sha256", paramLabel = "HEX", description = "hash of the executable")
    void executableSha256(@Nullable String value) {
        facts.put("exe_sha256", value);
    }

    @Option(names = "--script", paramLabel = "PATH", description = "script that it runs")
    void script(@Nullable String value) {
        facts.put("script", value);
    }

    @Option(names = "--parent", paramLabel = "PATH", description = "executable of the parent process")
    void parent(@Nullable String value) {
        facts.put("parent_exe", value);
    }

    @Option(names = "--parent-sha256", paramLabel = "HEX", description = "hash of the parent's executable")
    void parentSha256(@Nullable String value) {
        facts.put("parent_sha256", value);
    }

    @Option(names = "--unit", paramLabel = "NAME", description = "systemd unit, such as nginx.service")
    void unit(@Nullable String value) {
        facts.put("unit", value);
    }

    @Option(names = "--container", paramLabel = "ID", description = "container id, in full")
    void container(@Nullable String value) {
        facts.put("container", value);
    }

    @Option(names = "--pod", paramLabel = "UID", description = "pod uid (Kubernetes)")
    void pod(@Nullable String value) {
        facts.put("pod", value);
    }

    @Option(names = "--signing-id", paramLabel = "ID", description = "code signing id (macOS)")
    void signingId(@Nullable String value) {
        facts.put("signing_id", value);
    }

    @Option(names = "--team-id", paramLabel = "ID", description = "team id of the signer (macOS)")
    void teamId(@Nullable String value) {
        facts.put("team_id", value);
    }

    @Option(
            names = "--evidence",
            paramLabel = "WORD",
            description = "evidence, such as kernel-connect (default: unknown)")
    String evidence = "unknown";

    @Option(names = "--host", paramLabel = "NAME", description = "host of the process (default: the hop's own)")
    @Nullable
    String host;

    @Option(names = "--destination", paramLabel = "TO", description = "destination, such as 192.0.2.1:443; required")
    @Nullable
    String destination;

    @Option(
            names = "--destination-host",
            paramLabel = "NAME",
            description = "host name of the destination, as requested")
    @Nullable
    String destinationHost;

    /** Returns the facts about this flow, for a hop on {@code ownHost}. */
    PolicyRequest request(String ownHost) {
        return log == null ? fromOptions(ownHost) : fromLog(log);
    }

    private PolicyRequest fromOptions(String ownHost) {
        for (String user : users) {
            facts.put(user.matches("[0-9]+") ? "uid" : "user", user);
        }
        if (users.contains("root")) {
            facts.put("uid", "0");
        }
        facts.put("evidence", evidence);
        facts.put("destination", destination);
        if (destination == null) {
            throw new CommandFailure(ExitCode.USAGE, "missing --destination, or --flow with a line of a flow log");
        }
        try {
            HostId from = HostId.of(host == null ? ownHost : host);
            return request(from, name -> Optional.ofNullable(facts.get(name)), Optional.ofNullable(destinationHost));
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()));
        }
    }

    private static PolicyRequest fromLog(Path file) {
        JsonTree who = line(file).object("originator");
        if (!who.has("destination")) {
            throw new CommandFailure(
                    ExitCode.FAILURE, file + ": no originator in this line: the flow ended before it was identified");
        }
        String host = who.text("host");
        try {
            return request(
                    HOST_ID.matcher(host).matches() ? new HostId(Long.parseUnsignedLong(host, 16)) : HostId.of(host),
                    name -> who.has(name) ? Optional.of(who.text(name)) : Optional.empty(),
                    Optional.empty());
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.FAILURE, file + ": " + e.getMessage());
        }
    }

    private static JsonTree line(Path file) {
        try {
            byte[] bytes = file.equals(Path.of("-")) ? System.in.readAllBytes() : Files.readAllBytes(file);
            List<String> lines = new String(bytes, StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();
            if (lines.size() != 1) {
                throw new CommandFailure(
                        ExitCode.FAILURE, file + ": expected one line of a flow log, found " + lines.size());
            }
            return JsonTree.parse(lines.getFirst());
        } catch (JacksonException e) {
            throw new CommandFailure(ExitCode.FAILURE, file + ": not a line of a flow log: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, file + ": can't be read: " + IoErrorText.of(e));
        }
    }

    private static PolicyRequest request(
            HostId host, Function<String, Optional<String>> fact, Optional<String> destinationHost) {
        Optional<Credentials> credentials = fact.apply("uid")
                .map(uid -> new Credentials(
                        Values.uid(uid),
                        Credentials.NOT_KNOWN,
                        fact.apply("gid").map(Values::uid).orElse(Credentials.NOT_KNOWN)));
        Code code = new Code(
                fact.apply("exe"),
                fact.apply("exe_sha256").map(FlowQuery::sha256),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                new AppleSignature(fact.apply("signing_id"), fact.apply("team_id"), Optional.empty()),
                fact.apply("script"));
        Workload workload = new Workload(
                Optional.empty(),
                Optional.empty(),
                fact.apply("unit"),
                fact.apply("container"),
                fact.apply("pod").map(Values::pod),
                Namespaces.UNKNOWN);
        ProcessIdentity identity = new ProcessIdentity(
                fact.apply("evidence").map(Values::evidence).orElse(Evidence.UNKNOWN),
                OperatingSystem.LINUX,
                Optional.empty(),
                credentials,
                code,
                workload,
                new ProcessContext(fact.apply("user"))
                        .withParentExecutable(
                                fact.apply("parent_exe"),
                                fact.apply("parent_sha256").map(FlowQuery::sha256)));
        Tuple tuple = to(fact.apply("destination").map(Values::address).orElseThrow());
        Originator who =
                new Originator(host, new FlowId(0, 0), Instant.EPOCH, tuple, InterceptionMethod.SOCKET, identity);
        return new PolicyRequest(who, destinationHost.map(Values::destinationHost));
    }

    private static Bytes sha256(String hex) {
        return Bytes.ofHex(Values.sha256(hex));
    }

    /** No condition depends on the source address. */
    private static Tuple to(InetSocketAddress destination) {
        try {
            byte[] none = new byte[destination.getAddress().getAddress().length];
            return Tuple.tcp(new InetSocketAddress(InetAddress.getByAddress(none), 0), destination);
        } catch (UnknownHostException e) {
            throw new AssertionError("an address as long as another one", e);
        }
    }
}
