package dev.throughline.cli;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableSet;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.TrustEntry;
import dev.throughline.key.TrustText;
import dev.throughline.keys.KeyFiles;
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
            "Add a public key to a trust file, or change when it is valid.",
            "A trusted key may name the originators of its hosts' flows (--origin), pass on flows of other hops (--hop), or both."
        })
final class KeysTrust implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "the trust file; created if missing")
    Path file = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "KEY",
            description = "the public key, as 'keys show' prints it, or the id of a key in FILE")
    String key = "";

    @Option(
            names = "--origin",
            paramLabel = "HOST[,HOST...]",
            description = "hosts whose originators the key may name; * for any")
    @Nullable
    String origin;

    @Option(names = "--hop", description = "may pass on flows of other hops")
    boolean hop;

    @Option(names = "--as", paramLabel = "ID", description = "same rights as this key in FILE, of the same hop")
    @Nullable
    String as;

    @Option(names = "--from", paramLabel = "INSTANT", description = "start of validity, such as 2027-01-31T00:00:00Z")
    @Nullable
    String from;

    @Option(names = "--until", paramLabel = "INSTANT", description = "end of validity; \"now\" ends it at once")
    @Nullable
    String until;

    @Override
    public Integer call() {
        KeyArgument named = new KeyArgument(key);
        checkRights(named);
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
        say(result[0], now);
        return ExitCode.OK;
    }

    private void checkRights(KeyArgument named) {
        boolean rights = origin != null || hop;
        if (as != null && rights) {
            throw new CommandFailure(ExitCode.USAGE, "--as can't be combined with --origin or --hop");
        }
        if (named.isId() && (rights || as != null || (from == null && until == null))) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "a key id needs --from or --until, and nothing else: rights can't be changed by id");
        }
        if (!named.isId()) {
            named.publicKey();
            if (as == null && !rights) {
                throw new CommandFailure(
                        ExitCode.USAGE, "missing rights of the key: --origin HOST, --hop, both, or --as ID");
            }
            hosts();
        }
    }

    private TrustEntry entry(KeyArgument named, TrustText before, Instant now) throws KeyFormatException {
        Optional<TrustEntry> present = named.in(before.trust());
        if (present.map(TrustEntry::isRevoked).orElse(false)) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    file + ": this key is revoked and can't be trusted again; its line:\n"
                            + present.get().toText());
        }
        TrustEntry entry = named.isId() ? named.requireIn(before.trust(), file) : withRights(named, before);
        Optional<Instant> start =
                from == null ? present.flatMap(TrustEntry::from) : Optional.of(instant("--from", from, now));
        Optional<Instant> end =
                until == null ? present.flatMap(TrustEntry::until) : Optional.of(instant("--until", until, now));
        TrustEntry result = entry.withWindow(start, end);
        if (present.isPresent() && !present.get().rights().equals(result.rights())) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    file + ": this key is already trusted with other rights; to change them, edit its line:\n"
                            + present.get().toText());
        }
        return result;
    }

    private TrustEntry withRights(KeyArgument named, TrustText before) throws KeyFormatException {
        if (as == null) {
            return new TrustEntry(
                    named.publicKey(), hosts(), "*".equals(origin), hop, Optional.empty(), Optional.empty());
        }
        TrustEntry other = new KeyArgument(as).requireIn(before.trust(), file);
        if (!other.key().hopName().equals(named.publicKey().hopName())) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--as: key " + other.key().id() + " belongs to hop "
                            + other.key().hopName() + ", KEY to hop "
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

    private static Instant instant(String option, String text, Instant now) {
        if (text.equals("now")) {
            return now;
        }
        try {
            return Instant.parse(text).truncatedTo(ChronoUnit.SECONDS);
        } catch (DateTimeParseException e) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    option + ": expected \"now\" or an instant such as 2027-01-31T00:00:00Z, found \"" + text + "\"");
        }
    }

    private void say(TrustEntry entry, Instant now) {
        String key = entry.key().hopName() + ", " + entry.key().fingerprint();
        System.err.println(file
                + switch (entry.state(now)) {
                    case EXPIRED ->
                        ": no longer trusts " + key + ": expired at "
                                + entry.until().orElseThrow();
                    case NOT_YET_VALID, TRUSTED, REVOKED ->
                        ": trusts " + key
                                + entry.from().map(start -> ", from " + start).orElse("")
                                + entry.until().map(end -> ", until " + end).orElse("");
                });
        if (until != null) {
            LastKeyWarning.warn(file, entry, entry.until().orElseThrow());
        }
    }
}
