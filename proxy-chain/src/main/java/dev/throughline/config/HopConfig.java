package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The configuration of one hop, validated as a whole.
 *
 * @param identity names of the hop and its host
 * @param keys paths of its key files
 * @param marks firewall marks of this hop and of later hops
 * @param listeners where it accepts connections
 * @param routing policy, routes and transports
 * @param engine the code that uses sockets
 * @param budget how open flows are shared among originators
 * @param failOpen whether captured traffic passes unproxied while the hop is down
 * @param interception how the hop supervises its interception
 * @param headers how received headers are verified
 * @param limits limits of time and memory
 * @param log what the flow log contains
 * @param admin admin interface and metrics
 */
public record HopConfig(
        HopIdentity identity,
        KeyPaths keys,
        MarkConfig marks,
        ImmutableList<ListenerConfig> listeners,
        RoutingConfig routing,
        EngineChoice engine,
        BudgetConfig budget,
        boolean failOpen,
        InterceptionConfig interception,
        HeaderConfig headers,
        Limits limits,
        LogConfig log,
        AdminConfig admin) {

    /** Returns the same configuration with other key files. */
    public HopConfig withKeys(KeyPaths others) {
        return new HopConfig(
                identity,
                others,
                marks,
                listeners,
                routing,
                engine,
                budget,
                failOpen,
                interception,
                headers,
                limits,
                log,
                admin);
    }

    /** Returns the settings that differ from {@code other} and that only a restart applies, by their names in the file. */
    public List<String> differencesFrom(HopConfig other) {
        Map<String, Function<HopConfig, Object>> settings = new LinkedHashMap<>();
        settings.put("hop", config -> config.identity.name());
        settings.put("host", config -> config.identity.host());
        settings.put("mark", config -> config.marks.own());
        settings.put("later-marks", config -> config.marks.later());
        settings.put("engine", HopConfig::engine);
        settings.put("listeners", HopConfig::listeners);
        settings.put("transports", config -> config.routing.transports());
        settings.put("route", config -> config.routing.defaultRoute());
        settings.put("fail-open", HopConfig::failOpen);
        settings.put("interception", HopConfig::interception);
        settings.put("identity", config -> config.keys.commandLine());
        settings.put("nat-exceptions", config -> config.headers.natExceptions());
        settings.put("health-checkers", config -> config.headers.healthCheckers());
        settings.put("tlv-type", config -> config.headers.chainTlv());
        settings.put("budget", HopConfig::budget);
        settings.put("limits", HopConfig::limits);
        settings.put("log", HopConfig::log);
        settings.put("admin", HopConfig::admin);
        return settings.entrySet().stream()
                .filter(setting -> !setting.getValue()
                        .apply(this)
                        .equals(setting.getValue().apply(other)))
                .map(Map.Entry::getKey)
                .toList();
    }
}
