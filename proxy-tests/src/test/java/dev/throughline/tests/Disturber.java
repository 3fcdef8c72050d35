package dev.throughline.tests;

import com.google.common.collect.ImmutableList;
import dev.throughline.demo.Namespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Random disturbances of a hop's host by other programs, administrators and cables. */
final class Disturber {
    /** The device of the host towards the servers, and the one at their end. */
    private static final String DEVICE = "to-far";

    private static final String FAR_DEVICE = "to-host";
    private static final String CLOSE_WAIT = "net.netfilter.nf_conntrack_tcp_timeout_close_wait";
    private static final String LOOSE = "net.netfilter.nf_conntrack_tcp_loose";

    /** An entry of conntrack for a connection of an application that has not ended, from the application's end. */
    private static final Pattern ENTRY = Pattern.compile(
            "(?m)^tcp .* (?:ESTABLISHED|FIN_WAIT|CLOSE_WAIT) src=(\\S+) dst=(\\S+) sport=(2\\d{4}) dport=(\\d+) .*$");

    private static final int ENTRIES = 5;

    /** A translation of unrelated packets, in iptables' syntax. */
    private static final ImmutableList<String> UNRELATED = ImmutableList.of(
            "iptables-nft -t nat @do OUTPUT -p tcp --dport 9999 -j DNAT --to-destination " + DisturbanceApps.SERVER
                    + ":8000",
            "iptables-nft -t nat @do POSTROUTING -p udp -j MASQUERADE",
            "ip6tables-nft -t nat @do OUTPUT -p tcp --dport 9999 -j DNAT --to-destination [" + DisturbanceApps.SERVER6
                    + "]:8000",
            "ip6tables-nft -t nat @do POSTROUTING -p udp -j MASQUERADE");

    /**
     * A kind of disturbance: the commands that begin it, a command that fails unless they had their effect, and the commands
     * that end it.
     */
    enum Kind {
        FLUSH_RULESET("nft add table inet foreign; nft flush ruleset", "! nft list table inet foreign 2>/dev/null", ""),
        /** The table belongs to the running hop. */
        DELETE_TABLE("nft delete table inet throughline-hop-a 2>&1 | grep -F 'Operation not permitted'", "", ""),
        FOREIGN_CHAIN(
                "nft add table inet foreign; nft add chain inet foreign out '{ type @hook hook output priority @priority; }';"
                        + " nft add rule inet foreign out @verdict",
                "nft list table inet foreign | grep -qE 'accept|set'",
                "nft delete table inet foreign"),
        /** Translates unrelated traffic. */
        FOREIGN_NAT(
                "nft add table inet foreign; nft add chain inet foreign out '{ type nat hook output priority @priority; }';"
                        + " nft add rule inet foreign out tcp dport 9999 dnat ip to " + DisturbanceApps.SERVER
                        + ":8000;"
                        + " nft add rule inet foreign out tcp dport 9999 dnat ip6 to '[" + DisturbanceApps.SERVER6
                        + "]:8000'; nft add chain inet foreign post '{ type nat hook postrouting priority 100; }';"
                        + " nft add rule inet foreign post meta l4proto udp masquerade",
                "test $(nft list table inet foreign | grep -cE 'dnat|masquerade') = 3",
                "nft delete table inet foreign"),
        IPTABLES_NAT(iptables("-A"), iptables("-C"), iptables("-D")),
        /** Translates what the hop captures, the hop's canaries among it, before the hop does. */
        CAPTURING_NAT(
                "nft add table inet foreign; nft add chain inet foreign out '{ type nat hook output priority -120; }';"
                        + " nft add rule inet foreign out @other4 tcp dport 80 dnat ip to " + DisturbanceApps.SERVER
                        + ":8000;"
                        + " nft add rule inet foreign out @other6 tcp dport 80 dnat ip6 to '[" + DisturbanceApps.SERVER6
                        + "]:8000'",
                "test $(nft list table inet foreign | grep -c dnat) = 2",
                "nft delete table inet foreign"),
        DELETE_RULE("ip -4 rule del fwmark @fwmark", "", ""),
        DELETE_RULE6("ip -6 rule del fwmark @fwmark", "", ""),
        FLUSH_RULES(
                "for f in -4 -6; do ip $f rule flush; ip $f rule add lookup main priority 32766; done;"
                        + " ip -4 rule add lookup default priority 32767",
                "",
                ""),
        FLUSH_ROUTES("for f in -4 -6; do ip $f route flush table @table; done", "", ""),
        VPN(
                "ip link add vpn0 type veth peer name vpn1; ip link set vpn0 up; ip link set vpn1 up; for f in -4 -6; do"
                        + " ip $f route add default dev vpn0 table 51820; ip $f rule add not fwmark 51820 table 51820;"
                        + " ip $f rule add table main suppress_prefixlength 0; done",
                "test $(ip rule | grep -cE 'lookup 51820|suppress') = 2",
                "for f in -4 -6; do ip $f rule del table main suppress_prefixlength 0; ip $f rule del not fwmark 51820 table 51820;"
                        + " done; ip link del vpn0"),
        FLUSH_CONNTRACK("conntrack -F", "", ""),
        /** Deletes single entries. */
        DELETE_ENTRIES("", "", ""),
        NOT_LOOSE("@loose", "", "@restore"),
        SHORT_CLOSE_WAIT("sysctl -qw " + CLOSE_WAIT + "=2", "", "@restore"),
        PATH_SYSCTLS("@path", "", "@restore"),
        LINK_DOWN(
                "ip link set " + DEVICE + " down",
                "ip link show " + DEVICE + " | grep -q 'state DOWN'",
                "ip link set " + DEVICE + " up; " + addresses()),
        LO_DOWN("ip link set lo down", "ip link show lo | grep -q 'state DOWN'", "ip link set lo up"),
        CABLE_CUT("", "ip link show " + DEVICE + " | grep -q NO-CARRIER", ""),
        NEW_DEVICE(
                "ip link add extra0 type veth peer name extra1; ip link set extra0 up",
                "ip link show extra0 up | grep -q extra0",
                "ip link del extra0"),
        RELOAD("kill -HUP @pid", "", "");

        private final String start;
        private final String effect;
        private final String end;

        Kind(String start, String effect, String end) {
            this.start = start;
            this.effect = effect;
            this.end = end;
        }

        boolean lasts() {
            return !end.isEmpty() || this == CABLE_CUT;
        }

        /** Returns the part of interception that it breaks for certain, as the hop's log and metrics name it. */
        Optional<String> breaks(boolean tproxy) {
            return switch (this) {
                case DELETE_RULE, DELETE_RULE6, FLUSH_ROUTES -> Optional.of("routes");
                case FLUSH_RULES, VPN -> tproxy ? Optional.of("routes") : Optional.empty();
                case LO_DOWN -> Optional.of(tproxy ? "routes" : "canary");
                case CAPTURING_NAT -> Optional.of("canary");
                default -> Optional.empty();
            };
        }

        /** Returns the text of a line that the hop's log gains. */
        Optional<String> message(boolean tproxy) {
            return this == RELOAD
                    ? Optional.of("reloaded: ")
                    : breaks(tproxy).map(part -> "interception lost: " + part + ": ");
        }

        private boolean needsRoutes() {
            return this == DELETE_RULE || this == DELETE_RULE6 || this == FLUSH_ROUTES;
        }

        private static String iptables(String action) {
            return String.join("; ", UNRELATED).replace("@do", action);
        }

        /** Restores what a device lost when it went down. */
        private static String addresses() {
            return "ip -6 address replace " + DisturbanceApps.ADDRESS6 + "/64 dev " + DEVICE + " nodad;"
                    + " ip -4 route replace default via " + DisturbanceApps.SERVER
                    + "; ip -6 route replace default via "
                    + DisturbanceApps.SERVER6;
        }
    }

    private final Namespace host;
    private final Namespace far;
    private final Random random;
    private final List<Kind> kinds = new ArrayList<>();
    private final List<Kind> left = new ArrayList<>();
    private final Map<String, String> sysctls = new LinkedHashMap<>();
    private final boolean tproxy;
    private final int mark;
    private final long pid;
    private int played;

    /** @param tproxy whether the hop has policy rules and routes of its own */
    Disturber(Namespace host, Namespace far, Random random, boolean tproxy, int mark, long pid) throws IOException {
        this.host = host;
        this.far = far;
        this.random = random;
        this.tproxy = tproxy;
        this.mark = mark;
        this.pid = pid;
        for (Kind kind : Kind.values()) {
            if (tproxy || !kind.needsRoutes()) {
                kinds.add(kind);
            }
        }
        sysctls.put(CLOSE_WAIT, "");
        sysctls.put(LOOSE, "");
        for (String device : List.of("all", "lo", DEVICE)) {
            for (String name : List.of("rp_filter", "route_localnet", "src_valid_mark")) {
                sysctls.put("net.ipv4.conf." + device + "." + name, "");
            }
        }
        for (Map.Entry<String, String> sysctl : sysctls.entrySet()) {
            sysctl.setValue(host.run("sysctl", "-n", sysctl.getKey()).strip());
        }
    }

    /** Returns the number of kinds. */
    int kinds() {
        return kinds.size();
    }

    /** Returns whether each kind was played at least once. */
    boolean hasPlayedAll() {
        return played >= kinds.size();
    }

    /** Returns the kinds in a random order, repeatedly. */
    Kind next() {
        if (left.isEmpty()) {
            left.addAll(kinds);
            Collections.shuffle(left, random);
        }
        played++;
        return left.removeLast();
    }

    /**
     * Begins a disturbance.
     *
     * @return what it did, to the letter
     * @throws IOException if a command failed or had no effect
     */
    String begin(Kind kind) throws IOException {
        String done;
        switch (kind) {
            case CABLE_CUT -> {
                shell(far, "ip link set " + FAR_DEVICE + " down");
                done = "the other end of " + DEVICE + " goes down";
            }
            case DELETE_ENTRIES -> done = deleteEntries();
            case NOT_LOOSE -> done = set(Map.of(LOOSE, "0")) + (random.nextBoolean() ? flushConntrack() : "");
            case PATH_SYSCTLS -> done = set(pathSysctls());
            default -> {
                done = command(kind);
                shell(host, done);
            }
        }
        if (!kind.effect.isEmpty()) {
            try {
                host.run("sh", "-c", kind.effect);
            } catch (IOException e) {
                throw new IOException(done + " had no effect: " + e.getMessage(), e);
            }
        }
        return done;
    }

    private String command(Kind kind) {
        int table = 0x10000 | mark;
        String[] verdicts = {
            "accept",
            "meta mark set 0x5",
            "meta mark set meta mark or 0x100000",
            "ct mark set 0x5",
            "tcp dport 1-65535 accept"
        };
        String priority = kind == Kind.FOREIGN_NAT ? "-100" : "-300";
        // Without another NAT chain the kernel stops to translate open connections when this one is deleted, hop or
        // not. The
        // hop's table has one by redirect; by tproxy the applications' connections would end in a wait that no hop can
        // end.
        return kind.start
                .replace("@other4", tproxy ? "ip daddr != " + DisturbanceApps.SERVER : "")
                .replace("@other6", tproxy ? "ip6 daddr != " + DisturbanceApps.SERVER6 : "")
                .replace("@hook", random.nextBoolean() ? "filter" : "route")
                .replace("@priority", random.nextBoolean() ? priority : "0")
                .replace("@verdict", verdicts[random.nextInt(verdicts.length)])
                .replace("@fwmark", "0x%x/0x3ffff".formatted(table))
                .replace("@table", Integer.toString(table))
                .replace("@pid", Long.toString(pid));
    }

    /**
     * Ends a disturbance.
     *
     * @throws IOException if a command failed
     */
    void end(Kind kind) throws IOException {
        if (kind == Kind.CABLE_CUT) {
            shell(
                    far,
                    "ip link set " + FAR_DEVICE + " up; ip -6 address replace " + DisturbanceApps.SERVER6 + "/64 dev "
                            + FAR_DEVICE + " nodad");
        } else if (kind.end.equals("@restore")) {
            set(sysctls);
        } else if (!kind.end.isEmpty()) {
            shell(host, kind.end);
        }
    }

    /** Returns values for what decides whether a packet that comes in is accepted. */
    private Map<String, String> pathSysctls() {
        Map<String, String> values = new LinkedHashMap<>();
        for (String name : sysctls.keySet()) {
            if (name.endsWith(".rp_filter")) {
                values.put(name, Integer.toString(random.nextInt(3)));
            } else if (name.startsWith("net.ipv4.conf.")) {
                values.put(name, Integer.toString(random.nextInt(2)));
            }
        }
        return values;
    }

    private String set(Map<String, String> values) throws IOException {
        for (Map.Entry<String, String> value : values.entrySet()) {
            host.run("sysctl", "-qw", value.getKey() + "=" + value.getValue());
            String found = host.run("sysctl", "-n", value.getKey()).strip();
            if (!found.equals(value.getValue())) {
                throw new IOException("sysctl %s is %s, not %s".formatted(value.getKey(), found, value.getValue()));
            }
        }
        return "sysctl -w "
                + String.join(
                        " ", values.entrySet().stream().map(Object::toString).toList());
    }

    private String flushConntrack() throws IOException {
        host.run("conntrack", "-F");
        return "; conntrack -F";
    }

    private String deleteEntries() throws IOException {
        List<String> deleted = new ArrayList<>();
        for (String family : List.of("ipv4", "ipv6")) {
            String listing = host.run("conntrack", "-L", "-f", family, "-p", "tcp");
            List<MatchResult> entries =
                    new ArrayList<>(ENTRY.matcher(listing).results().toList());
            Collections.shuffle(entries, random);
            for (MatchResult entry : entries.subList(0, Math.min(ENTRIES, entries.size()))) {
                List<String> command = List.of("conntrack -D -f %s -p tcp -s %s -d %s --sport %s --dport %s"
                        .formatted(family, entry.group(1), entry.group(2), entry.group(3), entry.group(4))
                        .split(" ", -1));
                try {
                    host.run(command.toArray(String[]::new));
                    deleted.add(family + " from port " + entry.group(3) + " to port " + entry.group(4));
                } catch (IOException e) {
                    if (!String.valueOf(e.getMessage()).contains("0 flow entries have been deleted")) {
                        throw e;
                    }
                    // The connection has ended meanwhile.
                }
            }
        }
        if (deleted.isEmpty()) {
            throw new IOException("conntrack -D found no entry of an application to delete");
        }
        return "conntrack -D: " + String.join(", ", deleted);
    }

    private static void shell(Namespace where, String commands) throws IOException {
        where.run("sh", "-ec", commands);
    }
}
