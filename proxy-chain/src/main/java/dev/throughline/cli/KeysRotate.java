package dev.throughline.cli;

import com.google.common.collect.Iterables;
import dev.throughline.config.Values;
import dev.throughline.key.Algorithm;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.PrivateKeys;
import dev.throughline.keys.KeyFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rotate",
        description = {
            "Replace a hop's key without interruption.",
            "Adds a key to FILE that starts to sign at a given time, so that other hops can trust it before."
                    + " Prints the commands to run on each host."
        })
final class KeysRotate implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "the hop's secret key file")
    Path file = Path.of("");

    @Option(
            names = "--algorithm",
            paramLabel = "NAME",
            converter = KeysCommand.AlgorithmName.class,
            description = "ed25519 or p256 (default: that of the current key)")
    @Nullable
    Algorithm algorithm;

    @ArgGroup
    Step step = new Step();

    /** The start of the new key, or another action. */
    static final class Step {
        @Option(names = "--in", paramLabel = "DURATION", description = "time until it signs (default: 24h)")
        @Nullable
        String in;

        @Option(names = "--at", paramLabel = "INSTANT", description = "when it signs, such as 2027-01-31T00:00:00Z")
        @Nullable
        String at;

        @Option(names = "--finish", description = "remove keys that no longer sign")
        boolean finish;

        @Option(names = "--cancel", description = "remove the newest key; the one before it signs again")
        boolean cancel;
    }

    @Override
    public Integer call() {
        if (!Files.exists(file)) {
            throw new CommandFailure(
                    ExitCode.FAILURE, file + ": no such file ('keys generate' creates a hop's first key)");
        }
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        if (step.finish) {
            finish(now);
        } else if (step.cancel) {
            cancel(now);
        } else {
            begin(now, start(now));
        }
        return ExitCode.OK;
    }

    private Instant start(Instant now) {
        try {
            return step.at != null
                    ? Instant.parse(step.at).truncatedTo(ChronoUnit.SECONDS)
                    : now.plus(Values.duration(step.in == null ? "24h" : step.in));
        } catch (DateTimeParseException e) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--at: expected an instant such as 2027-01-31T00:00:00Z, found \"" + step.at + "\"");
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "--in: " + e.getMessage());
        }
    }

    private void begin(Instant now, Instant start) {
        if (start.isBefore(now)) {
            throw new CommandFailure(ExitCode.USAGE, "--at: " + start + " is in the past");
        }
        RotationTicket[] ticket = new RotationTicket[1];
        change(text -> {
            PrivateKeys keys = PrivateKeys.parse(file.toString(), text);
            keys.nextAfter(now).ifPresent(next -> {
                throw new CommandFailure(
                        ExitCode.FAILURE,
                        file + ": key " + next.key().publicKey().id() + " already starts to sign at "
                                + next.from().orElse(Instant.MIN) + ": wait for it, or --cancel it first");
            });
            PrivateKey old = keys.signingAt(now).key();
            Algorithm chosen =
                    Optional.ofNullable(algorithm).orElse(old.publicKey().algorithm());
            PrivateKey added = PrivateKey.generate(keys.hopName(), chosen, new SecureRandom());
            ticket[0] = new RotationTicket(file, old.publicKey(), added.publicKey(), now, start);
            return (text.endsWith("\n") ? text : text + "\n")
                    + new PrivateKeys.Entry(added, Optional.of(start)).toSecretText() + "\n";
        });
        System.out.print(ticket[0].text());
    }

    private void finish(Instant now) {
        List<PrivateKeys.Entry> dropped = drop(keys -> {
            List<PrivateKeys.Entry> retired = keys.entries().stream()
                    .filter(entry -> keys.state(entry, now) == PrivateKeys.State.RETIRED)
                    .toList();
            if (retired.isEmpty()) {
                throw new CommandFailure(
                        ExitCode.FAILURE,
                        file + ": no key to remove"
                                + keys.nextAfter(now)
                                        .map(next -> ": key "
                                                + next.key().publicKey().id() + " does not sign before "
                                                + next.from().orElse(Instant.MIN))
                                        .orElse(""));
            }
            PrivateKeys.Entry last = keys.signingAt(now);
            Instant over = last.from().orElse(now).plus(RotationTicket.OVERLAP);
            if (now.isBefore(over)) {
                throw new CommandFailure(
                        ExitCode.FAILURE,
                        file + ": the new key has just started to sign: wait until " + over
                                + ", when headers by the old key have expired");
            }
            return retired;
        });
        System.err.println(file + ": removed " + ids(dropped));
    }

    private void cancel(Instant now) {
        List<PrivateKeys.Entry> dropped = drop(keys -> {
            if (keys.entries().size() == 1) {
                throw new CommandFailure(ExitCode.FAILURE, file + ": only one key: nothing to cancel");
            }
            return List.of(Iterables.getLast(keys.entries()));
        });
        System.err.println(file + ": removed " + ids(dropped) + "; key " + signing(now) + " signs");
    }

    private String signing(Instant now) {
        String[] id = new String[1];
        KeysCommand.change(
                file,
                () -> id[0] = KeyFiles.readSecrets(file)
                        .signingAt(now)
                        .key()
                        .publicKey()
                        .id()
                        .toString());
        return id[0];
    }

    private interface Choice {
        List<PrivateKeys.Entry> of(PrivateKeys keys);
    }

    private List<PrivateKeys.Entry> drop(Choice choice) {
        List<PrivateKeys.Entry> dropped = new java.util.ArrayList<>();
        change(text -> {
            dropped.addAll(choice.of(PrivateKeys.parse(file.toString(), text)));
            return text.lines()
                    .filter(line -> dropped.stream()
                            .noneMatch(
                                    entry -> line.strip().startsWith(entry.key().toSecretText())))
                    .map(line -> line + "\n")
                    .collect(Collectors.joining());
        });
        return dropped;
    }

    private void change(KeyFiles.Edit<String> edit) {
        KeysCommand.change(file, () -> KeyFiles.changeSecrets(file, edit));
    }

    private static String ids(List<PrivateKeys.Entry> entries) {
        return entries.stream()
                .map(entry -> "key " + entry.key().publicKey().id())
                .collect(Collectors.joining(", "));
    }
}
