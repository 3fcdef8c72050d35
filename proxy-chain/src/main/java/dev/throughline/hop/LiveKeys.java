package dev.throughline.hop;

import com.google.common.collect.ImmutableSortedMap;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Signer;
import dev.throughline.chain.VerifiedBatches;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.config.ConfigException;
import dev.throughline.config.ConfigSource;
import dev.throughline.config.HopConfig;
import dev.throughline.config.IoErrorText;
import dev.throughline.flow.KeyContext;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKeys;
import dev.throughline.keys.HopKeys;
import dev.throughline.keys.KeyChanges;
import dev.throughline.keys.KeyExpiryReport;
import dev.throughline.report.Reload;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of a running hop. A reload reads keys and policy, and replaces all of them or nothing. The memory against replay and
 * the time of the start remain, so that no header is accepted twice and no header in transit is rejected.
 */
final class LiveKeys implements MeterBinder {
    private static final Logger LOG = LoggerFactory.getLogger(LiveKeys.class);

    private final HopConfig config;
    private final ConfigSource source;
    private volatile VerifierSettings settings;
    private final ReplayWindow replays;
    private final VerifiedBatches batches;
    private final SecureRandom random;
    private final Clock clock;
    private final LivePolicy policy;
    private volatile HopKeys keys;
    private volatile KeyContext keyContext;

    LiveKeys(
            HopConfig config,
            ConfigSource source,
            HopKeys keys,
            VerifierSettings settings,
            ReplayWindow replays,
            VerifiedBatches batches,
            SecureRandom random,
            Clock clock,
            LivePolicy policy) {
        this.config = config;
        this.source = source;
        this.settings = settings;
        this.replays = replays;
        this.batches = batches;
        this.random = random;
        this.clock = clock;
        this.policy = policy;
        this.keys = keys;
        this.keyContext = keyContextOf(keys);
    }

    HopKeys keys() {
        return keys;
    }

    KeyContext keyContext() {
        return keyContext;
    }

    KeyExpiryReport expiryReport() {
        return new KeyExpiryReport(keys, clock.instant());
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("throughline.keys.expiry.seconds", this, LiveKeys::secondsToExpiry)
                .description(
                        "Seconds until the first trusted key expires that no other key of its hop replaces; +Inf if none will")
                .register(registry);
        Gauge.builder(
                        "throughline.keys.expiring",
                        this,
                        live -> live.expiryReport().expiring())
                .description("Trusted keys that expire within 14 days and that no other key of their hop replaces")
                .register(registry);
        Gauge.builder(
                        "throughline.keys.rotation.due",
                        this,
                        live -> live.expiryReport().isRotationDue() ? 1 : 0)
                .description("1 if this hop's own key expires within 14 days and has no successor")
                .register(registry);
    }

    private double secondsToExpiry() {
        return expiryReport()
                .untilNextExpiry()
                .map(left -> (double) left.toSeconds())
                .orElse(Double.POSITIVE_INFINITY);
    }

    /** Verifies as if the hop had started at {@code now}, when its clock was set. */
    synchronized void clockSet(Instant now) {
        settings = settings.startingAt(now);
        keyContext = keyContextOf(keys);
    }

    private KeyContext keyContextOf(HopKeys read) {
        ImmutableSortedMap.Builder<Instant, Signer> signers = ImmutableSortedMap.naturalOrder();
        for (PrivateKeys.Entry entry : read.own().entries()) {
            signers.put(entry.from().orElse(Instant.MIN), new Signer(entry.key(), random));
        }
        return new KeyContext(
                new Verifier(settings, read.trust(), config.headers().chainTlv(), replays, batches),
                signers.buildOrThrow());
    }

    /**
     * Reads the configuration, for its policy and the paths of key files, and the key files. If anything is wrong, nothing
     * changes.
     */
    synchronized Reload reload() {
        Reload result;
        try {
            HopConfig named = source.read();
            HopKeys read = HopKeys.read(config.withKeys(config.keys().reloaded(named.keys())));
            Optional<String> objection = policy.objection(named);
            result = objection.isPresent()
                    ? new Reload(false, List.of(objection.get()))
                    : new Reload(true, use(named, read));
        } catch (ConfigException | KeyFormatException e) {
            result = new Reload(false, String.valueOf(e.getMessage()).lines().toList());
        } catch (IOException e) {
            result = new Reload(false, List.of("can't read the configuration: " + IoErrorText.withFile(e)));
        }
        if (result.applied()) {
            LOG.info("reloaded: {}", String.join("; ", result.lines()));
        } else {
            LOG.error("reload failed, keys and policy are unchanged: {}", String.join("; ", result.lines()));
        }
        return result;
    }

    /** Replaces the keys and the policy. Returns the differences. */
    private List<String> use(HopConfig named, HopKeys read) {
        List<String> lines = new ArrayList<>(KeyChanges.between(keys, read, clock.instant()));
        keyContext = keyContextOf(read);
        keys = read;
        batches.retain(key -> read.trust()
                .find(key.id())
                .filter(entry -> entry.revoked().isEmpty() && entry.key().equals(key))
                .isPresent());
        lines.addAll(policy.use(named));
        for (String setting : named.differencesFrom(config)) {
            lines.add("\"" + setting + "\" has changed in the configuration: restart to apply it");
        }
        return lines.isEmpty() ? List.of("nothing has changed") : lines;
    }
}
