package dev.throughline.tests;

import com.google.common.collect.ImmutableList;
import dev.throughline.demo.ProgramCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Commands that the scenes run as processes: the packaged program, and small programs of the tests themselves. */
final class Program {
    private static final ImmutableList<String> JAVA = ImmutableList.of(
            ProgramCommand.java(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            // A party needs the descriptor of its socket.
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED");

    private Program() {}

    /** Returns the command of the program: the jar that the build names, or the class path of these tests. */
    static List<String> throughline(String... arguments) {
        return Optional.ofNullable(System.getProperty("throughline.jar"))
                .map(Path::of)
                .filter(Files::isRegularFile)
                .map(Path::toAbsolutePath)
                .map(jar -> join(JAVA, ProgramCommand.ahead(jar), List.of("-jar", jar.toString()), List.of(arguments)))
                .orElseGet(() -> ProgramCommand.of(arguments));
    }

    /** A main class of the tests. */
    static List<String> test(Class<?> main, String... arguments) {
        return join(JAVA, List.of("-cp", System.getProperty("java.class.path"), main.getName()), List.of(arguments));
    }

    @SafeVarargs
    private static ImmutableList<String> join(List<String>... parts) {
        return Stream.of(parts).flatMap(List::stream).collect(ImmutableList.toImmutableList());
    }

    /** The root of the source tree. */
    static Path checkout() {
        return Path.of(System.getProperty("throughline.checkout", ".."))
                .toAbsolutePath()
                .normalize();
    }
}
