package dev.throughline.cli;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableSet;
import dev.throughline.config.KeyFiles;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.TrustEntry;
import dev.throughline.key.TrustText;
import dev.throughline.originator.HostId;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "trust",
        description = {
            "Add a public key to a trust file, or change from when until when it counts.",
            "It may be the origin of hosts' flows, which means to say who opened them, pass on flows as a hop, or both."
        })
final class KeysTrust implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "the trust file; made if there is none")
    Path file = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "KEY",
            description = "the public key, as 'keys show' prints it, or the id of one that is in FILE already")
    String key = "";

    @Option(
            names = "--origin",
            paramLabel = "HOST[,HOST...]",
            description = "hosts of whose flows it may name the originator; * for any")
    @Nullable
    String origin;

    @Option(names = "--hop", description = "may pass flows on")
    boolean hop;

    @Option(
            names = "--as",
            paramLabel = "ID",
            description = "may do what this key of the same hop may, which is in FILE")
    @Nullable
    String as;

    @Option(names = "--from", paramLabel = "INSTANT", description = "not before this, such as 2027-01-31T00:00:00Z")
    @Nullable
    String from;

    @Option(names = "--until", paramLabel = "INSTANT", description = "not from this on; \"now\" ends it")
    @Nullable
    String until;

    @Override
    public Integer call() {
        KeyArgument named = new KeyArgument(key);
        checkWhatItMayDo(named);
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        TrustEntry[] result = new TrustEntry[1];
        KeysCommand.change(
                file,
                () -> KeyFiles.changeTrust(file, before -> {
                    TrustEntry entry = entry(named, before, now);
                    result[0] = entry;
                    boolean same =
                            entry.equals(before.trust().find(entry.key().id()).orElse(null));
                    return same ? before : before.with(entry);
                }));
        say(result[0]);
        return ExitCode.OK;
    }

    private void checkWhatItMayDo(KeyArgument named) {
        boolean rights = origin != null || hop;
        if (as != null && rights) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--as gives the rights of another key: leave --origin and --hop out");
        }
        if (named.isId() && (rights || as != null || (from == null && until == null))) {
            throw new CommandFailure(
                    ExitCode.USAGE, "an id names a key that is there: --from or --until change from when until when");
        }
        if (!named.isId()) {
            named.publicKey();
            if (as == null && !rights) {
                throw new CommandFailure(
                        ExitCode.USAGE, "say what the key may do: --origin HOST, --hop, both, or --as ID");
            }
            hosts();
        }
    }

    private TrustEntry entry(KeyArgument named, TrustText before, Instant now) throws KeyFormatException {
        Optional<TrustEntry> present = named.in(before.trust());
        if (present.map(TrustEntry::isRevoked).orElse(false)) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    file + ": this key was revoked, and isn't trusted again; its line is\n"
                            + present.get().toText());
        }
        TrustEntry entry = named.isId() ? named.presentIn(before.trust(), file) : withRights(named, before);
        Optional<Instant> start = from == null ? present.flatMap(TrustEntry::from) : Optional.of(instant(from, now));
        Optional<Instant> end = until == null ? present.flatMap(TrustEntry::until) : Optional.of(instant(until, now));
        TrustEntry result = entry.withWindow(start, end);
        if (present.isPresent() && !present.get().rights().equals(result.rights())) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    file + ": has this key already, with other rights: to change them, edit its line, which is\n"
                            + present.get().toText());
        }
        return result;
    }

    private TrustEntry withRights(KeyArgument named, TrustText before) throws KeyFormatException {
        if (as == null) {
            return new TrustEntry(
                    named.publicKey(), hosts(), "*".equals(origin), hop, Optional.empty(), Optional.empty());
        }
        TrustEntry other = new KeyArgument(as).presentIn(before.trust(), file);
        if (!other.key().hopName().equals(named.publicKey().hopName())) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--as: key " + other.key().id() + " is of hop "
                            + other.key().hopName() + ", KEY of "
                            + named.publicKey().hopName());
        }
        return other.withKey(named.publicKey());
    }

    private ImmutableSet<String> hosts() {
        if (origin == null || origin.equals("*")) {
            return ImmutableSet.of();
        }
        try {
            ImmutableSet<String> hosts = ImmutableSet.copyOf(Splitter.on(',').split(origin));
            hosts.forEach(HostId::of);
            return hosts;
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "--origin: " + e.getMessage());
        }
    }

    private static Instant instant(String text, Instant now) {
        if (text.equals("now")) {
            return now;
        }
        try {
            return Instant.parse(text).truncatedTo(ChronoUnit.SECONDS);
        } catch (DateTimeParseException e) {
            throw new CommandFailure(
                    ExitCode.USAGE, "\"" + text + "\" is not an instant such as 2027-01-31T00:00:00Z, or \"now\"");
        }
    }

    private void say(TrustEntry entry) {
        System.err.println(
                file + ": trusts " + entry.key().hopName() + ", " + entry.key().fingerprint()
                        + entry.from().map(start -> ", from " + start).orElse("")
                        + entry.until().map(end -> ", until " + end).orElse(""));
        if (until != null) {
            OnlyKey.warn(file, entry, entry.until().orElseThrow());
        }
    }
}
