package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.key.PrivateKey;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands in proxy-core/README.md: the library's jar as a module, with only its dependencies. */
class LibraryIT {
    @TempDir
    private Path directory;

    @Test
    void aHeaderIsReadByTheReadmesCommand() throws Exception {
        Path header = Files.write(
                directory.resolve("header"),
                HexFormat.of().parseHex("0d0a0d0a000d0a515549540a2111000c" + "c000020ac63364509c4001bb"));

        Process read = start("ReadHeader.java", "HEADER", header.toString());

        try (BufferedReader answer = read.inputReader()) {
            assertThat(answer.readLine()).isEqualTo("unverified: 192.0.2.10:40000 -> 198.51.100.80:443");
        }
    }

    @Test
    void aHeaderSignedByOneProcessVerifiesInAnother() throws Exception {
        PrivateKey key = PrivateKey.generate("laptop", new SecureRandom());
        Path secret = Files.writeString(directory.resolve("laptop.key"), key.toSecretText());
        Path trust =
                Files.writeString(directory.resolve("trust"), key.publicKey().toText() + " origin=laptop\n");

        Process verify = start("VerifyHeader.java", "TRUST 7000", trust + " 0");
        try (BufferedReader answer = verify.inputReader()) {
            String port = answer.readLine().replace("waiting on port ", "");
            Process sign = start("SignHeader.java", "LAPTOP.KEY 7000", secret + " " + port);

            assertThat(answer.readLine()).isEqualTo("verified: 192.0.2.10:40000 -> 198.51.100.80:443");
            assertThat(sign.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(sign.exitValue()).isZero();
        } finally {
            verify.destroyForcibly();
        }
    }

    /** The README's line that runs an example, with other arguments, after the lines that name the places. */
    private static Process start(String example, String arguments, String replacement) throws IOException {
        List<String> readme = Files.readAllLines(Program.checkout().resolve("proxy-core/README.md"));
        String places = String.join(
                "\n",
                readme.stream()
                        .filter(line -> line.matches("(core|examples)=.*"))
                        .toList());
        String command = readme.stream()
                .filter(line -> line.startsWith("java ") && line.contains(example))
                .findFirst()
                .orElseThrow()
                .replaceAll(" +#.*", "");
        assertThat(command).endsWith(arguments);
        ProcessBuilder process = new ProcessBuilder(
                        "bash",
                        "-c",
                        places + "\nexec " + command.substring(0, command.length() - arguments.length()) + replacement)
                .directory(Program.checkout().toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        Path bin = Path.of(System.getProperty("java.home"), "bin");
        process.environment().merge("PATH", bin.toString(), (path, first) -> first + ":" + path);
        return process.start();
    }
}
