package dev.throughline.cli;

import dev.throughline.config.HopConfig;
import dev.throughline.key.KeyFormatException;
import dev.throughline.keys.HopKeys;
import dev.throughline.keys.KeyExpiryReport;
import dev.throughline.keys.KeyFiles;
import dev.throughline.report.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "list",
        description = {
            "List keys with their state and rights.",
            "With a configuration, lists the keys of both its files, and warns of keys that expire."
        })
final class KeysList implements Callable<Integer> {
    enum Format {
        table,
        json
    }

    /** The keys to list. */
    static final class Source {
        @Parameters(paramLabel = "FILE", description = "a secret key file or a trust file")
        @Nullable
        Path file;

        @Option(
                names = {"-c", "--config"},
                paramLabel = "FILE",
                description = "the hop's configuration")
        @Nullable
        Path config;
    }

    @ArgGroup(multiplicity = "1")
    Source source = new Source();

    @Option(
            names = {"-o", "--output"},
            defaultValue = "table",
            paramLabel = "FORMAT",
            description = "table or json (default: ${DEFAULT-VALUE})")
    Format format = Format.table;

    @Override
    public Integer call() {
        Instant now = Instant.now();
        List<String> warnings = new ArrayList<>();
        List<KeyRow> rows = source.config == null ? rowsOf(source.file, now) : rowsOf(source.config, now, warnings);
        switch (format) {
            case table -> System.out.print(KeyRow.table(rows));
            case json ->
                System.out.println(Json.object(out ->
                        out.putAll("keys", rows, (item, row) -> row.write(item)).putAll("warnings", warnings)));
        }
        if (format == Format.table) {
            warnings.forEach(warning -> System.err.println("warning: " + warning));
        }
        return ExitCode.OK;
    }

    private static List<KeyRow> rowsOf(@Nullable Path file, Instant now) {
        Path named = file == null ? Path.of("") : file;
        try {
            return KeyFiles.holdsSecrets(named)
                    ? KeyRow.of(KeyFiles.readSecrets(named), now)
                    : KeyRow.of(KeyFiles.readTrust(named), now);
        } catch (KeyFormatException e) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw CommandFailure.unreadable(named, e);
        }
    }

    private static List<KeyRow> rowsOf(Path configuration, Instant now, List<String> warnings) {
        HopConfig config = ConfigOption.readAlone(configuration);
        HopKeys keys = RunCommand.keys(config);
        List<KeyRow> rows = new ArrayList<>(KeyRow.of(keys.own(), now));
        rows.addAll(KeyRow.of(keys.trust(), now));
        warnings.addAll(new KeyExpiryReport(keys, now).warnings());
        return rows;
    }
}
