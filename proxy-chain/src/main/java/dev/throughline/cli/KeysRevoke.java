package dev.throughline.cli;

import com.google.common.base.CharMatcher;
import com.google.common.collect.ImmutableSet;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import dev.throughline.keys.KeyFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "revoke",
        description = {
            "Revoke a key in a trust file: its headers are rejected after a reload.",
            "For a key that may be compromised. Its line stays in the file, so that it can't be added again. To retire an old"
                    + " key, use 'keys trust --until'."
        })
final class KeysRevoke implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "the trust file")
    Path file = Path.of("");

    @Parameters(index = "1", paramLabel = "KEY", description = "the key's id, or the whole public key")
    String key = "";

    @Option(names = "--reason", paramLabel = "TEXT", description = "why; written into the file")
    String reason = "";

    @Override
    public Integer call() {
        if (CharMatcher.javaIsoControl().matchesAnyOf(reason)) {
            throw new CommandFailure(ExitCode.USAGE, "--reason: expected one line of text");
        }
        if (!Files.exists(file)) {
            throw new CommandFailure(ExitCode.FAILURE, file + ": can't be written: no such file or directory");
        }
        KeyArgument named = new KeyArgument(key);
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        TrustEntry[] result = new TrustEntry[1];
        KeysCommand.change(
                file,
                () -> KeyFiles.changeTrust(file, before -> {
                    TrustEntry entry = entry(named, before.trust());
                    result[0] = entry;
                    return entry.isRevoked() ? before : before.with(entry.withRevocation((now + " " + reason).strip()));
                }));
        say(result[0], now);
        return ExitCode.OK;
    }

    /** Returns the entry to revoke. A key that isn't trusted can be revoked too, so that it can't be added later. */
    private TrustEntry entry(KeyArgument named, Trust trust) throws KeyFormatException {
        Optional<TrustEntry> present = named.in(trust);
        if (present.isPresent() || named.isId()) {
            return named.requireIn(trust, file);
        }
        return new TrustEntry(named.publicKey(), ImmutableSet.of(), false, false, Optional.empty(), Optional.empty());
    }

    private void say(TrustEntry before, Instant now) {
        String name = "key " + before.key().id() + " of " + before.key().hopName();
        if (before.isRevoked()) {
            System.err.println(file + ": " + name + " is already revoked: "
                    + before.revoked().orElse(""));
            return;
        }
        System.err.println(file + ": " + name + " is revoked");
        System.err.println("to apply it, on the hop: throughline reload --config CONFIG");
        if (before.state(now) == TrustEntry.State.TRUSTED && !before.rights().isEmpty()) {
            LastKeyWarning.warn(file, before, now);
        }
    }
}
