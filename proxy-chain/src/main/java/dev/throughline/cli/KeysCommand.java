package dev.throughline.cli;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableSet;
import dev.throughline.config.IoReason;
import dev.throughline.config.KeyFiles;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PublicKey;
import dev.throughline.key.SecretKey;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "keys",
        description = "Make and show keys, and say whom to trust.",
        subcommands = {KeysCommand.Generate.class, KeysCommand.Show.class, KeysCommand.TrustKey.class})
final class KeysCommand {
    @Command(name = "generate", description = "Make a hop's key; the public key is printed, to be given to other hops.")
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
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.FAILURE, file + ": can't be written: " + IoReason.of(e));
            }
        }
    }

    @Command(name = "show", description = "Print the public key of a secret key file, or the keys of a trust file.")
    static final class Show implements Callable<Integer> {
        @Parameters(paramLabel = "FILE", description = "a secret key file or a trust file")
        Path file = Path.of("");

        @Override
        public Integer call() {
            try {
                if (Files.readString(file).startsWith("THROUGHLINE-SECRET-KEY-")) {
                    print(KeyFiles.readSecret(file).publicKey());
                } else {
                    for (TrustEntry entry : KeyFiles.readTrust(file).entries()) {
                        System.out.println(entry.toText());
                        System.err.println("  " + entry.key().fingerprint());
                    }
                }
                return ExitCode.OK;
            } catch (KeyFormatException e) {
                throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
            } catch (IOException e) {
                throw CommandFailure.unreadable(file, e);
            }
        }
    }

    @Command(
            name = "trust",
            description = "Add a public key to a trust file: as the origin for hosts, as a hop, or both.")
    static final class TrustKey implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "FILE", description = "the trust file; made if there is none")
        Path file = Path.of("");

        @Parameters(index = "1", paramLabel = "KEY", description = "the public key, as 'keys show' prints it")
        String key = "";

        @Option(
                names = "--origin",
                paramLabel = "HOST[,HOST…]",
                description = "hosts whose flows it may say the originator of; * for any")
        @Nullable
        String origin;

        @Option(names = "--hop", description = "may pass flows on")
        boolean hop;

        @Override
        public Integer call() {
            try {
                TrustEntry entry = entry();
                String before = Files.exists(file) ? Files.readString(file) : "";
                if (!before.isEmpty() && !before.endsWith("\n")) {
                    before += "\n";
                }
                // Read back as a whole before it is written: a trust file that can't be read stops a hop.
                Trust.parse(file.toString(), before + entry.toText() + "\n");
                Files.writeString(
                        file,
                        before + entry.toText() + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING);
                System.err.println(file + ": trusts " + entry.key().hopName() + ", "
                        + entry.key().fingerprint());
                return ExitCode.OK;
            } catch (KeyFormatException | IllegalArgumentException e) {
                throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.FAILURE, file + ": can't be written: " + IoReason.of(e));
            }
        }

        private TrustEntry entry() throws KeyFormatException {
            if (origin == null && !hop) {
                throw new CommandFailure(ExitCode.USAGE, "say what the key may do: --origin HOST, --hop, or both");
            }
            boolean any = "*".equals(origin);
            ImmutableSet<String> hosts = origin == null || any
                    ? ImmutableSet.of()
                    : ImmutableSet.copyOf(Splitter.on(',').split(origin));
            hosts.forEach(dev.throughline.originator.HostId::of);
            return new TrustEntry(PublicKey.parse(key), hosts, any, hop, Optional.empty(), Optional.empty());
        }
    }

    private static void print(PublicKey key) {
        System.out.println(key.toText());
        System.err.println("hop " + key.hopName() + ", " + key.algorithm() + ", " + key.fingerprint());
    }
}
