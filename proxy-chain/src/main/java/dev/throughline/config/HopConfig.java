package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.throughline.budget.LimitClass;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.NatException;
import dev.throughline.header.Cidr;
import dev.throughline.policy.Policy;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The configuration of one hop, checked as a whole.
 *
 * @param name the hop's name; its key carries the same
 * @param host name of the host that it runs on, which it writes into origins
 * @param key file with its secret key
 * @param trust file with the keys that it believes; empty on a hop without a chain listener
 * @param mark SO_MARK of its own connections, 1 to 0xFFFF; 0 where nothing on this host is intercepted
 * @param laterMarks the marks of the hops after it on this host, whose connections it leaves alone
 * @param listeners the ways in
 * @param transports ways for connections onwards beside plain sockets, by their names
 * @param route where its flows go for which the policy names no other route
 * @param routes the other ways, by the names that rules have for them
 * @param classes what limits flows, by the names that rules have for them; "default" is of all others
 * @param budget how places are given
 * @param policy rules that allow or deny flows and choose their routes
 * @param failOpen whether captured traffic passes unproxied while the hop is down
 * @param interception how it watches over its rules
 * @param commandLineKey file with the key of the hashes of command lines that it writes into origins; without one it says
 *     nothing of command lines
 * @param natExceptions pairs of hops between which addresses are translated
 * @param healthCheckers who may send a LOCAL header to a chain listener, to see whether it answers
 */
public record HopConfig(
        String name,
        String host,
        Path key,
        Optional<Path> trust,
        int mark,
        ImmutableList<Integer> laterMarks,
        ImmutableList<ListenerConfig> listeners,
        ImmutableMap<String, TransportConfig> transports,
        RouteConfig route,
        ImmutableMap<String, RouteConfig> routes,
        ImmutableMap<String, LimitClass> classes,
        BudgetConfig budget,
        Policy policy,
        boolean failOpen,
        InterceptionConfig interception,
        Optional<Path> commandLineKey,
        ImmutableList<NatException> natExceptions,
        ImmutableList<Cidr> healthCheckers,
        ChainTlv chainTlv,
        Limits limits,
        Admin admin) {

    /** The same hop with other files of keys. */
    public HopConfig withKeyFiles(Path otherKey, Optional<Path> otherTrust) {
        return new HopConfig(
                name,
                host,
                otherKey,
                otherTrust,
                mark,
                laterMarks,
                listeners,
                transports,
                route,
                routes,
                classes,
                budget,
                policy,
                failOpen,
                interception,
                commandLineKey,
                natExceptions,
                healthCheckers,
                chainTlv,
                limits,
                admin);
    }

    /** All routes that its flows can take: the usual one, and those that rules name. */
    public ImmutableList<RouteConfig> allRoutes() {
        return ImmutableList.<RouteConfig>builder()
                .add(route)
                .addAll(routes.values())
                .build();
    }

    /** The settings, beside what a running hop reads anew, that {@code other} has otherwise; by their names in the file. */
    public List<String> differencesFrom(HopConfig other) {
        Map<String, Function<HopConfig, Object>> settings = new LinkedHashMap<>();
        settings.put("hop", HopConfig::name);
        settings.put("host", HopConfig::host);
        settings.put("mark", HopConfig::mark);
        settings.put("later-marks", HopConfig::laterMarks);
        settings.put("listeners", HopConfig::listeners);
        settings.put("transports", HopConfig::transports);
        settings.put("route", HopConfig::route);
        settings.put("fail-open", HopConfig::failOpen);
        settings.put("interception", HopConfig::interception);
        settings.put("identity", HopConfig::commandLineKey);
        settings.put("nat-exceptions", HopConfig::natExceptions);
        settings.put("health-checkers", HopConfig::healthCheckers);
        settings.put("tlv-type", HopConfig::chainTlv);
        settings.put("budget", HopConfig::budget);
        settings.put("limits", HopConfig::limits);
        settings.put("admin", HopConfig::admin);
        return settings.entrySet().stream()
                .filter(setting -> !setting.getValue()
                        .apply(this)
                        .equals(setting.getValue().apply(other)))
                .map(Map.Entry::getKey)
                .toList();
    }

    /**
     * What an operator can reach.
     *
     * @param socket Unix socket of the admin interface
     * @param uids users that may use it beside root and the hop's own
     * @param pidFile where the hop writes its process instance: pid and start time
     * @param metrics TCP address of the metrics and the health answers, if any
     * @param metricsHosts names by which that address is asked, beside "localhost" and the hop's host
     */
    public record Admin(
            Path socket,
            ImmutableSet<Integer> uids,
            Path pidFile,
            Optional<InetSocketAddress> metrics,
            ImmutableSet<String> metricsHosts) {}
}
