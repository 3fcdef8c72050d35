package dev.throughline.demo;

import com.google.common.collect.ImmutableList;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The command that starts this program as another process, with the same Java and class path. */
public final class ProgramCommand {
    /** A name instead of a class literal, because the main class depends on the demo. */
    private static final String MAIN = "dev.throughline.Main";

    private ProgramCommand() {}

    /** Returns the command that runs the program with {@code arguments}. */
    public static ImmutableList<String> of(String... arguments) {
        ImmutableList.Builder<String> command = ImmutableList.<String>builder().add(java());
        Optional<Path> jar = jar();
        if (jar.isPresent()) {
            command.add("@" + beside(jar.get(), ".jvm"))
                    .addAll(ahead(jar.get()))
                    .add("-jar", jar.get().toString());
        } else {
            command.add("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED")
                    .add("-cp", System.getProperty("java.class.path"), MAIN);
        }
        return command.add(arguments).build();
    }

    /** Returns flags of {@link #java} for the AOT cache that the build has put beside {@code jar}; empty if there is none. */
    public static ImmutableList<String> ahead(Path jar) {
        Path cache = beside(jar, ".aot");
        return Files.isRegularFile(cache)
                ? ImmutableList.of("-XX:AOTCache=" + cache, "-Xlog:aot=off")
                : ImmutableList.of();
    }

    /** Returns the path of the file that the build has put beside {@code jar}. */
    private static Path beside(Path jar, String suffix) {
        return jar.resolveSibling(jar.getFileName().toString().replaceFirst("\\.jar$", suffix));
    }

    /** Returns the path of the java program of this process. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static Optional<Path> jar() {
        try {
            Path code = Path.of(ProgramCommand.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return Files.isRegularFile(code) ? Optional.of(code) : Optional.empty();
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }
}
