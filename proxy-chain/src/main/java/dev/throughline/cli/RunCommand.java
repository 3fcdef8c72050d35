package dev.throughline.cli;

import com.google.common.collect.Sets;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.ConfigSource;
import dev.throughline.config.HopConfig;
import dev.throughline.config.IoErrorText;
import dev.throughline.flow.CloseReason;
import dev.throughline.hop.Hop;
import dev.throughline.hop.HopSizes;
import dev.throughline.key.KeyFormatException;
import dev.throughline.keys.HopKeys;
import dev.throughline.keys.SignatureProvider;
import dev.throughline.platform.PeriodicTask;
import dev.throughline.platform.linux.Capability;
import dev.throughline.platform.linux.Privileges;
import dev.throughline.platform.linux.ServiceManager;
import dev.throughline.platform.linux.Signals;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "run",
        description = {
            "Run a hop.",
            "Logs flows to standard output, a JSON line when one closes, and messages to standard error. SIGTERM drains"
                    + " within the configured deadline; a second one stops at once. SIGHUP reloads keys, trust and"
                    + " policy."
        })
final class RunCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);

    /**
     * NET_ADMIN: marks, TPROXY, conntrack, rules. BPF and PERFMON: tracing connect(2). SYS_PTRACE and DAC_READ_SEARCH:
     * reading processes of other users. NET_BIND_SERVICE: ports below 1024.
     */
    private static final Set<Capability> NEEDED = Sets.immutableEnumSet(
            Capability.NET_ADMIN,
            Capability.BPF,
            Capability.PERFMON,
            Capability.SYS_PTRACE,
            Capability.DAC_READ_SEARCH,
            Capability.NET_BIND_SERVICE);

    private static final Duration READY_POLL = Duration.ofMillis(100);

    @Mixin
    ConfigOption config = new ConfigOption();

    @Option(names = "--check", description = "only check the configuration and the files it names")
    boolean check;

    @Override
    public Integer call() throws InterruptedException {
        if (check) {
            return CheckCommand.check(config.file);
        }
        HopConfig hop = config.readToRun();
        ConfiguredSizes sizes = ConfiguredSizes.of(config.file, hop);
        if (!sizes.problems().isEmpty()) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.join("\n", sizes.problems()));
        }
        String summary = HopSummary.of(hop, config.file.toAbsolutePath(), Cli.version());
        return run(hop, Clock.systemUTC(), () -> ConfigReader.readToRun(config.file), sizes.sizes(), summary);
    }

    /** Runs a hop until it is stopped. */
    private static int run(HopConfig config, Clock clock, ConfigSource source, HopSizes sizes, String summary)
            throws InterruptedException {
        FatalExceptions fatalExceptions = FatalExceptions.install();
        ServiceManager manager = ServiceManager.ofThisProcess();
        HopKeys keys = keys(config);
        dropCapabilities();
        LOG.info("Ed25519 by {}", SignatureProvider.use());
        CountDownLatch stop = new CountDownLatch(1);
        Thread main = Thread.currentThread();
        Runnable onSignal = () -> {
            if (stop.getCount() == 0) {
                main.interrupt();
            }
            stop.countDown();
        };
        try (Hop hop = new Hop(config, keys, clock, source, sizes)) {
            fatalExceptions.atEnd(hop::closeLog);
            // Installed first: without a handler, a SIGHUP during the start would end the process.
            Signals.acceptIgnored("HUP");
            Signals.handle("HUP", new PeriodicTask("reload", hop::reload));
            try {
                hop.start();
            } catch (IOException e) {
                throw new CommandFailure(
                        ExitCode.FAILURE,
                        "hop " + config.identity().name() + " failed to start: " + IoErrorText.withFile(e));
            }
            Signals.acceptIgnored("TERM");
            Signals.handle("TERM", onSignal);
            Signals.handle("INT", onSignal);
            manager.notify("READY=1");
            awaitReady(hop, config.identity().name(), summary, stop);
            stop.await();
            manager.notify("STOPPING=1");
            LOG.info(
                    "draining: {} open flows, at most {} s",
                    hop.flows(),
                    config.limits().drain().toSeconds());
            if (!hop.drain(config.limits().drain())) {
                boolean now = Thread.interrupted();
                LOG.info("closing the remaining {} flows", hop.flows());
                hop.stopFlows(now ? CloseReason.STOPPED : CloseReason.DRAIN_DEADLINE);
            }
        }
        LOG.info("hop {} stopped", config.identity().name());
        return ExitCode.OK;
    }

    /** Logs that the hop is ready, preceded by the reasons if it isn't at first. */
    private static void awaitReady(Hop hop, String name, String summary, CountDownLatch stop)
            throws InterruptedException {
        long pid = ProcessHandle.current().pid();
        List<String> missing = hop.notReadyReasons();
        if (!missing.isEmpty()) {
            LOG.warn("hop {} is running but not ready, process {}: {}", name, pid, String.join("; ", missing));
        }
        while (!hop.notReadyReasons().isEmpty()) {
            if (stop.await(READY_POLL.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        }
        LOG.info("hop {} is ready, process {}, {}", name, pid, summary);
    }

    /** Runs before any thread is started, because threads inherit the remaining capabilities. */
    private static void dropCapabilities() {
        try {
            Set<Capability> before = Capability.effective();
            Set<Capability> kept = Privileges.keepOnly(NEEDED);
            LOG.info(
                    "capabilities: {}{}",
                    kept.isEmpty()
                            ? "none"
                            : kept.stream().map(Capability::toString).collect(Collectors.joining(" ")),
                    before.contains(Capability.SYS_ADMIN) ? " (all others dropped)" : "");
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "can't drop capabilities: " + e.getMessage());
        }
    }

    static HopKeys keys(HopConfig config) {
        try {
            return HopKeys.read(config);
        } catch (KeyFormatException e) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
        }
    }
}
