package dev.throughline.cli;

import dev.throughline.config.IoErrorText;
import dev.throughline.key.Algorithm;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.keys.KeyFiles;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "generate", description = "Create a hop's key, and print its public key for other hops.")
final class KeysGenerate implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "HOP", description = "name of the hop")
    String hop = "";

    @Parameters(index = "1", paramLabel = "FILE", description = "file of the secret key, created with mode 0600")
    Path file = Path.of("");

    @Option(
            names = "--algorithm",
            paramLabel = "NAME",
            defaultValue = "ed25519",
            converter = KeysCommand.AlgorithmName.class,
            description = "ed25519 (default) or p256")
    Algorithm algorithm = Algorithm.ED25519;

    @Override
    public Integer call() {
        try {
            PrivateKey key = PrivateKey.generate(hop, algorithm, new SecureRandom());
            KeyFiles.writeSecret(file, key);
            KeysCommand.print(key.publicKey());
            return ExitCode.OK;
        } catch (KeyFormatException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()));
        } catch (FileAlreadyExistsException e) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    file + ": exists already and is not overwritten (to replace the key: throughline keys rotate "
                            + file + ")");
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, file + ": can't be written: " + IoErrorText.of(e));
        }
    }
}
