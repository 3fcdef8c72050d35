package dev.throughline.keys;

import dev.throughline.config.HopConfig;
import dev.throughline.config.IoErrorText;
import dev.throughline.config.KeyPaths;
import dev.throughline.header.Bytes;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.Trust;
import dev.throughline.platform.linux.StrictModes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The keys from the files that a configuration names.
 *
 * @param own the hop's own keys; one of them signs
 * @param trust the trusted keys of other hops
 * @param commandLine the key for hashes of command lines, if configured
 */
public record HopKeys(PrivateKeys own, Trust trust, Optional<Bytes> commandLine) {
    /**
     * Reads the files that {@code config} names, for a hop with this process's user.
     *
     * @throws KeyFormatException with one line for each problem
     */
    public static HopKeys read(HopConfig config) throws KeyFormatException {
        return read(config, file -> StrictModes.ofThisProcess());
    }

    /**
     * Reads the files for a command that root may run although the hop runs as another user.
     *
     * @throws KeyFormatException with one line for each problem
     */
    public static HopKeys readForCommand(HopConfig config) throws KeyFormatException {
        return read(config, StrictModes::ofCommand);
    }

    private static HopKeys read(HopConfig config, ModesOf modes) throws KeyFormatException {
        String hop = config.identity().name();
        KeyPaths paths = config.keys();
        List<String> problems = new ArrayList<>();
        Optional<PrivateKeys> own = read(paths.own(), KeyFiles::readSecrets, modes, problems);
        Optional<Trust> trust = paths.trust().isEmpty()
                ? Optional.of(Trust.NOBODY)
                : read(paths.trust().get(), KeyFiles::readTrust, modes, problems);
        own.filter(keys -> !keys.hopName().equals(hop))
                .ifPresent(keys -> problems.add(paths.own() + ": this is the key of hop \"" + keys.hopName()
                        + "\", the configuration is that of \"" + hop + "\""));
        Optional<Bytes> commandLine =
                paths.commandLine().flatMap(file -> read(file, KeyFiles::readCommandLineKey, modes, problems));
        if (!problems.isEmpty() || own.isEmpty() || trust.isEmpty()) {
            throw new KeyFormatException(String.join("\n", problems));
        }
        return new HopKeys(own.get(), trust.get(), commandLine);
    }

    private interface Reader<T> {
        T read(Path file, StrictModes modes) throws IOException, KeyFormatException;
    }

    private interface ModesOf {
        StrictModes of(Path file) throws IOException;
    }

    private static <T> Optional<T> read(Path file, Reader<T> reader, ModesOf modes, List<String> problems) {
        try {
            return Optional.of(reader.read(file, modes.of(file)));
        } catch (IOException e) {
            problems.add(file + ": can't be read: " + IoErrorText.of(e));
        } catch (KeyFormatException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        return Optional.empty();
    }
}
