package dev.throughline.cli;

import dev.throughline.config.HopConfig;
import dev.throughline.config.ListenerConfig;
import dev.throughline.config.RouteConfig;
import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.Capability;
import dev.throughline.platform.linux.Sysctl;
import dev.throughline.policy.Condition;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.Policy;
import dev.throughline.policy.PolicyRule;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Doctor's findings about ways in which a hostile program of this host can bypass a hop (deploy/containment.md). */
final class ContainmentFindings {
    private static final String CONTAINMENT = "containment";
    private static final String PAGE = "deploy/containment.md";
    private static final int SHOWN = 5;
    private static final int FIRST_USER = 1000;
    private static final int NOBODY = 65534;

    private ContainmentFindings() {}

    static List<Finding> of(HopConfig hop) {
        List<Finding> findings = new ArrayList<>(rules(hop.routing().policy()));
        findings.addAll(ports(hop, lines(Path.of("/etc/passwd")), firstFreePort()));
        if (hop.marks().own() != 0) {
            rawSockets(Path.of("/proc"), ownProcess(hop)).ifPresent(findings::add);
        }
        return findings;
    }

    /** Reports rules that another program of the same user, or a copy of the executable, can bypass. */
    static List<Finding> rules(Policy policy) {
        List<Finding> findings = new ArrayList<>();
        for (PolicyRule rule : policy.rules()) {
            boolean denies = rule.then() instanceof Outcome.Deny;
            List<Condition> all =
                    Stream.concat(rule.when().stream(), rule.unless().stream()).toList();
            if (all.stream().noneMatch(ContainmentFindings::isAboutCode)
                    || all.stream().anyMatch(ContainmentFindings::isAboutUserOrUnit)) {
                continue;
            }
            // A rule "deny unless it is this program" allows by executable.
            boolean excepts = rule.when().stream().noneMatch(ContainmentFindings::isAboutCode);
            findings.add(Finding.warning(
                    CONTAINMENT,
                    "rule " + rule.name()
                            + (denies != excepts
                                    ? " denies by executable alone: a copy of it passes"
                                    : " allows by executable alone: other programs of the same user can impersonate it"),
                    "add a user or a unit to the rule; " + PAGE));
        }
        return findings;
    }

    private static boolean isAboutCode(Condition condition) {
        return condition instanceof Condition.Text text
                && switch (text.subject()) {
                    case EXECUTABLE, SHA256, SCRIPT, PARENT, PARENT_SHA256 -> true;
                    case UNIT, CONTAINER, POD, SIGNING_ID, TEAM_ID, DESTINATION_HOST -> false;
                };
    }

    private static boolean isAboutUserOrUnit(Condition condition) {
        return condition instanceof Condition.User
                || condition instanceof Condition.Group
                || (condition instanceof Condition.Text text
                        && switch (text.subject()) {
                            case UNIT, CONTAINER, POD -> true;
                            default -> false;
                        });
    }

    /** Reports ports that any user of this host can bind while a hop is down. */
    static List<Finding> ports(HopConfig hop, List<String> passwd, int firstFree) {
        long users = passwd.stream().filter(ContainmentFindings::canLogIn).count();
        List<Finding> findings = new ArrayList<>();
        if (users == 0) {
            return findings;
        }
        String then = ": while it is down, any of " + users + " users of this host can take it";
        String hint = "use a port below " + firstFree + ", or intercept; " + PAGE;
        for (ListenerConfig listener : hop.listeners()) {
            address(listener)
                    .filter(address -> address.getPort() >= firstFree)
                    .ifPresent(address -> findings.add(Finding.warning(
                            CONTAINMENT,
                            "listener " + listener.name() + " has port " + address.getPort() + then,
                            hint)));
        }
        for (RouteConfig route : hop.routing().allRoutes()) {
            if (route instanceof RouteConfig.HopAt at) {
                at.addresses().stream()
                        .filter(address -> address.getAddress().isLoopbackAddress() && address.getPort() >= firstFree)
                        .forEach(address -> findings.add(Finding.warning(
                                CONTAINMENT, "next hop " + at.hop() + " is at " + Tuple.text(address) + then, hint)));
            }
        }
        return findings;
    }

    private static Optional<InetSocketAddress> address(ListenerConfig listener) {
        return switch (listener) {
            case ListenerConfig.Chain chain -> Optional.of(chain.address());
            case ListenerConfig.Legacy legacy -> Optional.of(legacy.address());
            case ListenerConfig.Forward forward -> Optional.of(forward.address());
            case ListenerConfig.Intercepting intercepting -> Optional.empty();
            case ListenerConfig.Bridge bridge -> Optional.empty();
        };
    }

    /** Matches a line of passwd(5) for a user with a login shell. */
    private static boolean canLogIn(String line) {
        String[] fields = line.split(":", -1);
        try {
            long uid = fields.length == 7 ? Long.parseLong(fields[2]) : 0;
            return uid >= FIRST_USER
                    && uid != NOBODY
                    && !fields[6].endsWith("/nologin")
                    && !fields[6].endsWith("/false");
        } catch (NumberFormatException e) {
            return false;
        }
    }

    /**
     * Reports processes that can set marks and send raw packets in this network namespace. Those with CAP_SYS_ADMIN are
     * not reported: they are as powerful as root.
     */
    static Optional<Finding> rawSockets(Path proc, Set<String> own) {
        List<String> found = new ArrayList<>();
        Optional<String> here = namespace(proc.resolve("self"));
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path process : processes) {
                String pid = process.getFileName().toString();
                if (!own.contains(pid)
                        && hasRawSockets(process)
                        && namespace(process).equals(here)) {
                    found.add(pid + " (" + command(process) + ")");
                }
            }
        } catch (IOException e) {
            return Optional.of(Finding.warning(CONTAINMENT, "can't list processes: " + e.getMessage(), ""));
        }
        return found.isEmpty()
                ? Optional.empty()
                : Optional.of(Finding.warning(
                        CONTAINMENT,
                        found.size() + (found.size() == 1 ? " process" : " processes")
                                + " outside this hop can bypass its rules with CAP_NET_RAW: "
                                + String.join(", ", found.subList(0, Math.min(SHOWN, found.size())))
                                + (found.size() > SHOWN ? ", …" : ""),
                        "remove the capability, and set interception: { mark-uids }; " + PAGE));
    }

    private static boolean hasRawSockets(Path process) {
        try {
            Set<Capability> effective = Capability.of(process);
            return effective.contains(Capability.NET_RAW) && !effective.contains(Capability.SYS_ADMIN);
        } catch (IOException ended) {
            return false;
        }
    }

    private static Optional<String> namespace(Path process) {
        try {
            return Optional.of(Files.readSymbolicLink(process.resolve("ns/net")).toString());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static String command(Path process) {
        List<String> lines = lines(process.resolve("comm"));
        return lines.isEmpty() ? "ended" : lines.getFirst();
    }

    private static Set<String> ownProcess(HopConfig hop) {
        String self = Long.toString(ProcessHandle.current().pid());
        List<String> lines = lines(hop.admin().pidFile());
        String running = lines.isEmpty() ? self : lines.getFirst().split(" ", -1)[0];
        return running.equals(self) ? Set.of(self) : Set.of(self, running);
    }

    private static int firstFreePort() {
        try {
            return Integer.parseInt(Sysctl.read(Path.of("/proc/sys/net/ipv4/ip_unprivileged_port_start")));
        } catch (IOException | NumberFormatException e) {
            return 1024;
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1).lines().toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
