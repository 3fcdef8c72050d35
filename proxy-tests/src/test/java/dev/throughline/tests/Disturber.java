package dev.throughline.tests;

import dev.throughline.demo.Namespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** What other programs, administrators and cables do to the host of a hop, chosen at random. */
final class Disturber {
    /** The device of the host towards the servers, and the one at their end. */
    private static final String DEVICE = "to-far";

    private static final String FAR_DEVICE = "to-host";
    private static final String CLOSE_WAIT = "net.netfilter.nf_conntrack_tcp_timeout_close_wait=";

    /** A kind of disturbance: commands, for how long what they do lasts, and the commands that end it. */
    enum Kind {
        FLUSH_RULESET(false, "nft flush ruleset", ""),
        DELETE_TABLE(false, "nft delete table inet throughline-hop-a", ""),
        FOREIGN_CHAIN(
                true,
                "nft add table inet foreign; nft add chain inet foreign out '{ type @hook hook output priority @priority; }';"
                        + " nft add rule inet foreign out @verdict",
                "nft delete table inet foreign"),
        DELETE_RULE(false, "ip -4 rule del fwmark @fwmark", "", true),
        DELETE_RULE6(false, "ip -6 rule del fwmark @fwmark", "", true),
        FLUSH_RULES(
                false,
                "for f in -4 -6; do ip $f rule flush; ip $f rule add lookup main priority 32766; done;"
                        + " ip -4 rule add lookup default priority 32767",
                ""),
        FLUSH_ROUTES(false, "for f in -4 -6; do ip $f route flush table @table; done", "", true),
        VPN(
                true,
                "ip link add vpn0 type dummy; ip link set vpn0 up; for f in -4 -6; do"
                        + " ip $f route add default dev vpn0 table 51820; ip $f rule add not fwmark 51820 table 51820;"
                        + " ip $f rule add table main suppress_prefixlength 0; done",
                "for f in -4 -6; do ip $f rule del table main suppress_prefixlength 0; ip $f rule del not fwmark 51820 table 51820;"
                        + " done; ip link del vpn0"),
        FLUSH_CONNTRACK(false, "conntrack -F", ""),
        SHORT_CLOSE_WAIT(true, "sysctl -qw " + CLOSE_WAIT + "2", "sysctl -qw " + CLOSE_WAIT + "60"),
        LINK_DOWN(true, "ip link set " + DEVICE + " down", "ip link set " + DEVICE + " up; " + addresses()),
        CABLE_CUT(true, "", ""),
        NEW_DEVICE(true, "ip link add extra0 type veth peer name extra1; ip link set extra0 up", "ip link del extra0"),
        RELOAD(false, "kill -HUP @pid", "");

        final boolean lasts;
        private final String start;
        private final String end;
        /** Whether it breaks a hop that has routes, and nothing else. */
        final boolean needsRoutes;

        Kind(boolean lasts, String start, String end) {
            this(lasts, start, end, false);
        }

        Kind(boolean lasts, String start, String end, boolean needsRoutes) {
            this.lasts = lasts;
            this.start = start;
            this.end = end;
            this.needsRoutes = needsRoutes;
        }

        /** What a device that went down has lost. */
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
    private final int mark;
    private final long pid;
    private int played;

    /** @param routes whether the hop has policy rules and routes of its own */
    Disturber(Namespace host, Namespace far, Random random, boolean routes, int mark, long pid) {
        this.host = host;
        this.far = far;
        this.random = random;
        this.mark = mark;
        this.pid = pid;
        for (Kind kind : Kind.values()) {
            if ((routes || !kind.needsRoutes)
                    && (kind != Kind.FLUSH_CONNTRACK
                            || ForeignProgram.find("conntrack").isPresent())) {
                kinds.add(kind);
            }
        }
    }

    /** Whether each kind came at least once. */
    boolean hasPlayedAll() {
        return played >= kinds.size();
    }

    /** Each kind once in an order of chance, then again. */
    Kind next() {
        if (left.isEmpty()) {
            left.addAll(kinds);
            Collections.shuffle(left, random);
        }
        played++;
        return left.removeLast();
    }

    /** Begins a disturbance; what it does to the letter. */
    String begin(Kind kind) throws IOException {
        if (kind == Kind.CABLE_CUT) {
            shell(far, "ip link set " + FAR_DEVICE + " down");
            return "the other end of " + DEVICE + " goes down";
        }
        int table = 0x10000 | mark;
        String[] verdicts = {
            "accept",
            "meta mark set 0x5",
            "meta mark set meta mark or 0x100000",
            "ct mark set 0x5",
            "tcp dport 1-65535 accept"
        };
        String command = kind.start
                .replace("@hook", random.nextBoolean() ? "filter" : "route")
                .replace("@priority", random.nextBoolean() ? "-300" : "0")
                .replace("@verdict", verdicts[random.nextInt(verdicts.length)])
                .replace("@fwmark", "0x%x/0x3ffff".formatted(table))
                .replace("@table", Integer.toString(table))
                .replace("@pid", Long.toString(pid));
        shell(host, command);
        return command;
    }

    void end(Kind kind) throws IOException {
        if (kind == Kind.CABLE_CUT) {
            shell(
                    far,
                    "ip link set " + FAR_DEVICE + " up; ip -6 address replace " + DisturbanceApps.SERVER6 + "/64 dev "
                            + FAR_DEVICE + " nodad");
        } else if (!kind.end.isEmpty()) {
            shell(host, kind.end);
        }
    }

    /** A command may fail, where the hop prevents it or has been faster. */
    private static void shell(Namespace where, String commands) throws IOException {
        where.run("sh", "-c", "{ " + commands + "; } 2>&1; true");
    }
}
