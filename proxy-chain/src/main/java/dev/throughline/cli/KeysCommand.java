package dev.throughline.cli;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Iterables;
import dev.throughline.config.IoReason;
import dev.throughline.config.KeyFiles;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PublicKey;
import dev.throughline.key.SecretKey;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import dev.throughline.originator.HostId;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "keys",
        synopsisSubcommandLabel = "COMMAND",
        description = "Make and show keys, and say whom to trust.",
        subcommands = {KeysCommand.Generate.class, KeysCommand.Show.class, KeysCommand.TrustKey.class})
final class KeysCommand {
    /** How the text of a secret key begins, in any version. */
    private static final String SECRET = "THROUGHLINE-SECRET-KEY-";

    @Command(name = "generate", description = "Make a hop's key, and print its public half for other hops.")
    static final class Generate implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "HOP", description = "name of the hop")
        String hop = "";

        @Parameters(index = "1", paramLabel = "FILE", description = "where the secret key goes, mode 0600")
        Path file = Path.of("");

        @Override
        public Integer call() {
            try {
                SecretKey key = SecretKey.generate(hop, new SecureRandom());
                KeyFiles.writeSecret(file, key);
                print(key.publicKey());
                return ExitCode.OK;
            } catch (KeyFormatException e) {
                throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()));
            } catch (FileAlreadyExistsException e) {
                throw new CommandFailure(
                        ExitCode.FAILURE, file + ": is there already, and no key is ever replaced: move it away first");
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.FAILURE, file + ": can't be written: " + IoReason.of(e));
            }
        }
    }

    @Command(name = "show", description = "Print the public keys in a secret key file or a trust file.")
    static final class Show implements Callable<Integer> {
        @Parameters(paramLabel = "FILE", description = "a secret key file or a trust file")
        Path file = Path.of("");

        @Override
        public Integer call() {
            try {
                if (Files.readString(file).startsWith(SECRET)) {
                    print(KeyFiles.readSecret(file).publicKey());
                } else {
                    list(KeyFiles.readTrust(file));
                }
                return ExitCode.OK;
            } catch (KeyFormatException e) {
                throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
            } catch (IOException e) {
                throw CommandFailure.unreadable(file, e);
            }
        }

        private void list(Trust trust) {
            if (Iterables.isEmpty(trust.entries())) {
                System.err.println(file + ": trusts nobody");
            }
            for (TrustEntry entry : trust.entries()) {
                System.out.println(entry.toText());
                System.err.println("  " + entry.key().fingerprint());
            }
        }
    }

    @Command(
            name = "trust",
            description = {
                "Add a public key to a trust file.",
                "It may be the origin of hosts' flows, which means to say who opened them, pass on flows as a hop, or both."
            })
    static final class TrustKey implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "FILE", description = "the trust file; made if there is none")
        Path file = Path.of("");

        @Parameters(
                index = "1",
                paramLabel = "KEY",
                description = "the public key, as 'keys show' prints it: NAME+KEYID+BASE64")
        String key = "";

        @Option(
                names = "--origin",
                paramLabel = "HOST[,HOST...]",
                description = "hosts of whose flows it may name the originator; * for any")
        @Nullable
        String origin;

        @Option(names = "--hop", description = "may pass flows on")
        boolean hop;

        @Override
        public Integer call() {
            TrustEntry entry = entry();
            try {
                String before = Files.exists(file) ? Files.readString(file) : "";
                // Read as a whole before it is written: a trust file that can't be read stops a hop.
                Optional<TrustEntry> present =
                        Trust.parse(file.toString(), before).find(entry.key().id());
                if (present.isEmpty()) {
                    String gap = before.isEmpty() || before.endsWith("\n") ? "" : "\n";
                    KeyFiles.writeTrust(file, before + gap + entry.toText() + "\n");
                } else if (!present.get().equals(entry)) {
                    throw new CommandFailure(
                            ExitCode.FAILURE,
                            file
                                    + ": has this key already, with other rights: to change them, edit its line, which is\n"
                                    + present.get().toText());
                }
                System.err.println(file + ": trusts " + entry.key().hopName() + ", "
                        + entry.key().fingerprint());
                return ExitCode.OK;
            } catch (KeyFormatException e) {
                throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.FAILURE, file + ": can't be written: " + IoReason.of(e));
            }
        }

        private TrustEntry entry() {
            if (origin == null && !hop) {
                throw new CommandFailure(ExitCode.USAGE, "say what the key may do: --origin HOST, --hop, or both");
            }
            return new TrustEntry(publicKey(), hosts(), "*".equals(origin), hop, Optional.empty(), Optional.empty());
        }

        private PublicKey publicKey() {
            if (key.strip().startsWith(SECRET)) {
                throw new CommandFailure(
                        ExitCode.USAGE,
                        "KEY: this is a secret key, which nobody else may see: give the public key that 'keys show' prints");
            }
            try {
                return PublicKey.parse(key);
            } catch (KeyFormatException e) {
                throw new CommandFailure(ExitCode.USAGE, "KEY: " + e.getMessage());
            }
        }

        private ImmutableSet<String> hosts() {
            if (origin == null || origin.equals("*")) {
                return ImmutableSet.of();
            }
            try {
                ImmutableSet<String> hosts =
                        ImmutableSet.copyOf(Splitter.on(',').split(origin));
                hosts.forEach(HostId::of);
                return hosts;
            } catch (IllegalArgumentException e) {
                throw new CommandFailure(ExitCode.USAGE, "--origin: " + e.getMessage());
            }
        }
    }

    private static void print(PublicKey key) {
        System.out.println(key.toText());
        System.err.println("hop " + key.hopName() + ", " + key.algorithm() + ", " + key.fingerprint());
    }
}
