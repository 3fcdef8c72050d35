package dev.throughline.cli;

import com.google.common.collect.Maps;
import dev.throughline.report.JsonTree;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Who has how many flows of a hop, whoever has most first, as a table for people. */
final class TopText {
    /** What is one row. */
    enum By {
        /** One instance of a process. */
        originator,
        executable,
        user,
        host,
        destination;

        String of(JsonTree who) {
            return switch (this) {
                case originator -> process(who);
                case executable -> who.text("host") + " " + userName(who) + " " + program(who);
                case user -> who.text("host") + " " + userName(who);
                case host -> who.text("host");
                case destination -> who.text("destination");
            };
        }
    }

    /** A capacity that is none. */
    private static final String UNLIMITED = Integer.toString(Integer.MAX_VALUE);

    /** Of one row. */
    private static final class Sum {
        private int flows;
        private int waiting;
        private int relaying;
        private long out;
        private long in;

        void add(JsonTree flow) {
            flows++;
            waiting += flow.text("stage").equals("waiting") ? 1 : 0;
            relaying += flow.text("stage").equals("relaying") ? 1 : 0;
            out += Long.parseLong(flow.text("bytes_out"));
            in += Long.parseLong(flow.text("bytes_in"));
        }
    }

    private TopText() {}

    /** Of what a hop says of its flows and of its places. */
    static String of(List<JsonTree> flows, JsonTree budget, By by, int most) {
        StringBuilder text = new StringBuilder();
        text.append(pool("PLACES", "IN USE", "OPEN", "ALL", ""));
        Map<String, JsonTree> transports =
                Maps.uniqueIndex(budget.list("transports"), transport -> transport.text("name"));
        for (JsonTree pool : budget.list("pools")) {
            JsonTree transport = transports.get(pool.text("name"));
            text.append(pool(
                    pool.text("name"),
                    pool.text("in_use"),
                    pool.text("open"),
                    pool.text("capacity").equals(UNLIMITED) ? "any" : pool.text("capacity"),
                    transport == null ? "" : state(transport)));
        }
        text.append('\n')
                .append("%7s %7s %8s %14s %14s  %s%n"
                        .formatted(
                                "FLOWS",
                                "STAND",
                                "WAITING",
                                "OUT",
                                "IN",
                                by.name().toUpperCase(Locale.ROOT)));
        Map<String, Sum> sums = new HashMap<>();
        flows.forEach(flow -> sums.computeIfAbsent(by.of(flow.object("originator")), _ -> new Sum())
                .add(flow));
        List<Map.Entry<String, Sum>> rows = new ArrayList<>(sums.entrySet());
        rows.sort(Comparator.<Map.Entry<String, Sum>>comparingInt(row -> -row.getValue().flows)
                .thenComparing(Map.Entry::getKey));
        for (Map.Entry<String, Sum> row : rows.subList(0, Math.min(most, rows.size()))) {
            Sum sum = row.getValue();
            text.append("%7d %7d %8d %14d %14d  %s%n"
                    .formatted(sum.flows, sum.relaying, sum.waiting, sum.out, sum.in, row.getKey()));
        }
        if (rows.size() > most) {
            text.append("and ").append(rows.size() - most).append(" more\n");
        }
        return text.toString();
    }

    private static String pool(String name, String inUse, String open, String all, String state) {
        return "%-20s %8s %8s %8s  %s".formatted(name, inUse, open, all, state).stripTrailing() + "\n";
    }

    private static String state(JsonTree transport) {
        List<String> parts = new ArrayList<>();
        if (transport.text("carries_originator").equals("true")) {
            parts.add("may carry the originator");
        }
        if (!transport.text("breaker").equals("closed")) {
            parts.add("breaker " + transport.text("breaker"));
        }
        if (transport.has("trouble")) {
            parts.add(transport.text("trouble"));
        }
        return String.join("; ", parts);
    }

    private static String process(JsonTree who) {
        String process = who.has("pid") ? program(who) + "[" + who.text("pid") + "]" : program(who);
        return who.text("host") + " " + userName(who) + " " + process;
    }

    private static String userName(JsonTree who) {
        return who.has("user") ? who.text("user") : "uid " + who.text("uid");
    }

    private static String program(JsonTree who) {
        return who.has("exe") ? who.text("exe") : who.text("comm");
    }
}
