package dev.throughline;

import com.google.common.collect.ImmutableSortedMap;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Signer;
import dev.throughline.chain.VerifiedBatches;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.config.ConfigException;
import dev.throughline.config.ConfigSource;
import dev.throughline.config.HopConfig;
import dev.throughline.config.HopKeys;
import dev.throughline.config.IoErrorText;
import dev.throughline.config.KeyChanges;
import dev.throughline.config.KeyExpiryReport;
import dev.throughline.flow.KeyContext;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKeys;
import dev.throughline.report.Reload;
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
 * The keys of a running hop. A reload reads them again, together with the policy, and replaces all or none. The replay
 * window and the start time survive a reload, so that no header is accepted twice and no header in transit is rejected.
 */
final class LiveKeys {
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
    private volatile KeyContext authority;

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
        this.authority = authorityOf(keys);
    }

    HopKeys keys() {
        return keys;
    }

    KeyContext authority() {
        return authority;
    }

    KeyExpiryReport outlook() {
        return new KeyExpiryReport(keys, clock.instant());
    }

    /** Verifies as if the hop had started at {@code now}. Called after the clock was set. */
    synchronized void clockSet(Instant now) {
        settings = settings.startingAt(now);
        authority = authorityOf(keys);
    }

    private KeyContext authorityOf(HopKeys read) {
        ImmutableSortedMap.Builder<Instant, Signer> signers = ImmutableSortedMap.naturalOrder();
        for (PrivateKeys.Entry entry : read.own().entries()) {
            signers.put(entry.from().orElse(Instant.MIN), new Signer(entry.key(), random));
        }
        return new KeyContext(
                new Verifier(settings, read.trust(), config.chainTlv(), replays, batches), signers.buildOrThrow());
    }

    /**
     * Reads the policy from the configuration file again, and the key files that it names. If anything is invalid,
     * nothing changes.
     */
    synchronized Reload reload() {
        Reload result;
        try {
            HopConfig named = source.read();
            HopKeys read = HopKeys.read(config.withKeyFiles(named.key(), named.trust()));
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

    /** Applies a configuration and keys that were read, and returns the differences, one line each. */
    private List<String> use(HopConfig named, HopKeys read) {
        List<String> lines = new ArrayList<>(KeyChanges.between(keys, read, clock.instant()));
        authority = authorityOf(read);
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
