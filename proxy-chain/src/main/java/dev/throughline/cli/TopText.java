package dev.throughline.cli;

import com.google.common.collect.Maps;
import dev.throughline.report.JsonTree;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A table of the flows of a hop counted by originator, in descending order. */
final class TopText {
    /** The key for grouping flows. */
    enum By {
        /** One process, identified by host, pid and start time. */
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

    /** The capacity of a pool without a limit. */
    private static final String UNLIMITED = Integer.toString(Integer.MAX_VALUE);

    /** The totals of one row. */
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

    /** Returns the tables of pools and of flows. */
    static String of(List<JsonTree> flows, JsonTree budget, By by, int most) {
        Columns pools = new Columns(1, 2, 3).row("POOL", "IN USE", "OPEN", "CAPACITY", "STATE");
        Map<String, JsonTree> transports =
                Maps.uniqueIndex(budget.list("transports"), transport -> transport.text("name"));
        for (JsonTree pool : budget.list("pools")) {
            JsonTree transport = transports.get(pool.text("name"));
            pools.row(
                    pool.text("name"),
                    pool.text("in_use"),
                    pool.text("open"),
                    pool.text("capacity").equals(UNLIMITED) ? "unlimited" : pool.text("capacity"),
                    transport == null ? "" : state(transport));
        }
        Columns table = new Columns(0, 1, 2, 3, 4)
                .row("FLOWS", "RELAYING", "WAITING", "OUT", "IN", by.name().toUpperCase(Locale.ROOT));
        Map<String, Sum> sums = new HashMap<>();
        flows.forEach(flow -> sums.computeIfAbsent(by.of(flow.object("originator")), _ -> new Sum())
                .add(flow));
        List<Map.Entry<String, Sum>> rows = new ArrayList<>(sums.entrySet());
        rows.sort(Comparator.<Map.Entry<String, Sum>>comparingInt(row -> -row.getValue().flows)
                .thenComparing(Map.Entry::getKey));
        for (Map.Entry<String, Sum> row : rows.subList(0, Math.min(most, rows.size()))) {
            Sum sum = row.getValue();
            table.row(
                    Integer.toString(sum.flows),
                    Integer.toString(sum.relaying),
                    Integer.toString(sum.waiting),
                    Long.toString(sum.out),
                    Long.toString(sum.in),
                    row.getKey());
        }
        String more = rows.size() > most ? "and " + (rows.size() - most) + " more\n" : "";
        return pools + "\n" + table + more;
    }

    private static String state(JsonTree transport) {
        List<String> parts = new ArrayList<>();
        if (transport.text("carries_originator").equals("true")) {
            parts.add("carries the originator");
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
