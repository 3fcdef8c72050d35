package dev.throughline.cli;

import dev.throughline.config.IoErrorText;
import dev.throughline.key.Algorithm;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PublicKey;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "keys",
        synopsisSubcommandLabel = "COMMAND",
        description = "Create, list, trust, rotate, revoke and export keys.",
        subcommands = {
            KeysGenerate.class,
            KeysShow.class,
            KeysList.class,
            KeysTrust.class,
            KeysRotate.class,
            KeysRevoke.class,
            KeysExport.class
        })
final class KeysCommand {
    private KeysCommand() {}

    /**
     * Prints a public key for other hops to standard output, and its id for comparison by a person to standard error.
     */
    static void print(PublicKey key) {
        System.out.println(key.toText());
        System.err.println("hop " + key.hopName() + ", " + key.algorithm() + ", " + key.fingerprint());
    }

    /** A change to key files. */
    interface Change {
        void run() throws IOException, KeyFormatException;
    }

    /** Changes {@code file}; fails with the reason if that is impossible. */
    static void change(Path file, Change change) {
        try {
            change.run();
        } catch (KeyFormatException e) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, file + ": can't be written: " + IoErrorText.of(e));
        }
    }

    /** The parser for {@code ed25519} or {@code p256}. */
    static final class AlgorithmName implements ITypeConverter<Algorithm> {
        @Override
        public Algorithm convert(String text) {
            for (Algorithm algorithm : Algorithm.values()) {
                if (algorithm.name().toLowerCase(Locale.ROOT).equals(text)) {
                    return algorithm;
                }
            }
            throw new TypeConversionException("expected ed25519 or p256, found \"" + text + "\"");
        }
    }
}
