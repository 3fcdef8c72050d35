package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The format of the help of every command. */
class HelpFormTest {
    static Stream<String> commands() {
        return Stream.of(
                "",
                "demo",
                "run",
                "check",
                "keys",
                "keys generate",
                "keys show",
                "keys list",
                "keys trust",
                "keys rotate",
                "keys revoke",
                "keys export",
                "inspect",
                "redirect",
                "redirect show",
                "redirect apply",
                "redirect remove",
                "policy",
                "policy test",
                "flows",
                "flows list",
                "flows top",
                "reload",
                "doctor");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void fitsATerminal(String command) {
        List<String> lines = help(command).lines().toList();

        assertThat(lines).hasSizeBetween(3, 24).allMatch(line -> line.length() <= 80, "at most 80 wide");
        assertThat(lines.getFirst()).startsWith(("Usage: throughline " + command).strip() + " ");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void isPlainWhereThereIsNoTerminal(String command) {
        assertThat(help(command)).doesNotContain("\u001b");
    }

    /** Standard error may be a file while standard output is a terminal. */
    @Test
    void usageErrorIsPlainEvenIfPicocliSeesATerminal() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream real = System.err;
        try {
            System.setProperty("picocli.ansi", "true");
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            assertThat(Cli.execute("flows", "list")).isEqualTo(ExitCode.USAGE);
        } finally {
            System.setErr(real);
            System.clearProperty("picocli.ansi");
        }
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("usage: throughline flows list")
                .doesNotContain("\u001b");
    }

    private static String help(String command) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream real = System.out;
        try {
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            assertThat(Cli.execute((command + " --help").strip().split(" "))).isEqualTo(ExitCode.OK);
        } finally {
            System.setOut(real);
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
