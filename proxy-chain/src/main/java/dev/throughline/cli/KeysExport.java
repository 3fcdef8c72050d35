package dev.throughline.cli;

import com.google.common.collect.Streams;
import dev.throughline.key.KeyExport;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.PublicKey;
import dev.throughline.key.TrustEntry;
import dev.throughline.keys.KeyFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "export",
        description = {
            "Print public keys for other hops or other programs.",
            "From a secret key file, prints keys that sign now or later; from a trust file, keys that are valid now or later."
        })
final class KeysExport implements Callable<Integer> {
    enum Format {
        text,
        pem,
        openssh,
        trust
    }

    @Parameters(paramLabel = "FILE", description = "a secret key file or a trust file")
    Path file = Path.of("");

    @Option(
            names = "--format",
            defaultValue = "text",
            paramLabel = "FORMAT",
            description = "text, pem, openssh, or the lines of a trust file: trust (default: ${DEFAULT-VALUE})")
    Format format = Format.text;

    @Override
    public Integer call() {
        try {
            if (format == Format.trust) {
                trusted().forEach(entry -> System.out.println(entry.toText()));
            } else {
                keys().forEach(key -> System.out.print(text(key)));
            }
            return ExitCode.OK;
        } catch (KeyFormatException e) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw CommandFailure.unreadable(file, e);
        }
    }

    private String text(PublicKey key) {
        return switch (format) {
            case pem -> KeyExport.pem(key);
            case openssh -> KeyExport.openSsh(key);
            case text, trust -> key.toText() + "\n";
        };
    }

    private List<PublicKey> keys() throws IOException, KeyFormatException {
        if (!KeyFiles.holdsSecrets(file)) {
            return trusted().stream().map(TrustEntry::key).toList();
        }
        PrivateKeys secrets = KeyFiles.readSecrets(file);
        Instant now = Instant.now();
        return secrets.entries().stream()
                .filter(entry -> secrets.state(entry, now) != PrivateKeys.State.RETIRED)
                .map(entry -> entry.key().publicKey())
                .toList();
    }

    private List<TrustEntry> trusted() throws IOException, KeyFormatException {
        if (KeyFiles.holdsSecrets(file)) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    file + ": a secret key file has no rights of keys: --format trust needs a trust file");
        }
        Instant now = Instant.now();
        return Streams.stream(KeyFiles.readTrust(file).entries())
                .filter(entry -> switch (entry.state(now)) {
                    case TRUSTED, NOT_YET_VALID -> true;
                    case EXPIRED, REVOKED -> false;
                })
                .toList();
    }
}
