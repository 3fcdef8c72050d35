package dev.throughline.cli;

import com.google.common.collect.Iterables;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import dev.throughline.keys.KeyFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "show", description = "Print the public keys in a secret key file or a trust file.")
final class KeysShow implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "a secret key file or a trust file")
    Path file = Path.of("");

    @Override
    public Integer call() {
        try {
            if (KeyFiles.holdsSecrets(file)) {
                KeyFiles.readSecrets(file)
                        .entries()
                        .forEach(entry -> KeysCommand.print(entry.key().publicKey()));
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
            System.err.println(file + ": no keys");
        }
        for (TrustEntry entry : trust.entries()) {
            System.out.println(entry.toText());
            System.err.println("  " + entry.key().fingerprint());
        }
    }
}
