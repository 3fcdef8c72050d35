package dev.throughline.platform.linux;

import com.google.common.base.Splitter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The search path for programs of the system: the PATH of this process, then directories that are not in every user's PATH.
 */
public final class SearchPath {
    private static final String DEFAULT = "/usr/bin:/bin";
    private static final String ADMINISTRATION = "/usr/sbin:/sbin:/usr/local/sbin";

    private SearchPath() {}

    /** Returns the path, in the form of the variable PATH. */
    public static String value() {
        return Optional.ofNullable(System.getenv("PATH")).orElse(DEFAULT) + ":" + ADMINISTRATION;
    }

    /** Returns the file of {@code program}; empty if it is not installed. */
    public static Optional<Path> find(String program) {
        return Splitter.on(':')
                .omitEmptyStrings()
                .splitToStream(value())
                .map(folder -> Path.of(folder, program))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst();
    }
}
