package dev.throughline.bench.compare;

import com.google.common.base.Splitter;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds programs on PATH, where the launcher puts those that only tests run, and runs short commands. */
final class ProgramFinder {
    private static final String UNPACKED = "THROUGHLINE_TEST_PROGRAMS";

    private ProgramFinder() {}

    static Optional<String> find(String program) {
        String folders = System.getenv("PATH") + File.pathSeparator + "/usr/sbin" + File.pathSeparator + "/sbin";
        return Splitter.on(File.pathSeparator)
                .omitEmptyStrings()
                .splitToStream(folders)
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .filter(Files::isRegularFile)
                .findFirst()
                .map(Path::toString);
    }

    /** Finds a file of an installed package, or of a package that the launcher unpacked. */
    static Optional<String> findFile(String path) {
        return Stream.concat(
                        Stream.of(Path.of(path)),
                        Stream.ofNullable(System.getenv(UNPACKED)).map(folder -> Path.of(folder, "root", path)))
                .filter(Files::isRegularFile)
                .findFirst()
                .map(Path::toString);
    }

    /**
     * Returns the output of a command.
     *
     * @throws IOException if it fails
     */
    static String run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.onExit().join().exitValue();
        if (code != 0) {
            throw new IOException(String.join(" ", command) + " exited with " + code + ": " + output);
        }
        return output.strip();
    }
}
