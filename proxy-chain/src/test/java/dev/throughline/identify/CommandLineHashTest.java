package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Bytes;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandLineHashTest {
    private static final String KEY = "0b".repeat(20);

    private final CommandLineHash hash = new CommandLineHash(Bytes.ofHex(KEY));

    @TempDir
    private Path folder;

    private Path cmdline(String line) throws IOException {
        return Files.writeString(folder.resolve("cmdline"), line);
    }

    /** RFC 4231, section 4.2. */
    @Test
    void itIsHmacSha256() throws IOException {
        assertThat(hash.of(cmdline("Hi There")).orElseThrow().toHex())
                .isEqualTo("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    @Test
    void withoutACommandLineThereIsNone() throws IOException {
        assertThat(hash.of(cmdline(""))).isEmpty();
    }

    @Test
    void nobodyWaitsForAnEndlessOne() throws IOException {
        Path endless = cmdline("a");
        try (RandomAccessFile file = new RandomAccessFile(endless.toFile(), "rw")) {
            file.setLength(1 << 20);
            assertThat(hash.of(endless)).isPresent();
            file.setLength((1 << 20) + 1);
            assertThat(hash.of(endless)).isEmpty();
        }
    }

    /** The command of the documentation, with another command line and key. */
    @Test
    void openSslComputesTheSame() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")));
        String command = "printf '%s\\0' curl -s http://198.51.100.80/ | openssl dgst -sha256 -mac HMAC -macopt"
                + " hexkey:$(cat command-line.key)";
        assertThat(Files.readString(Path.of("../deploy/README.md"))).contains("\n" + command + "\n");
        Files.writeString(folder.resolve("command-line.key"), KEY + "\n");
        Process openssl = new ProcessBuilder("/bin/bash", "-c", command)
                .directory(folder.toFile())
                .start();
        String answer = new String(openssl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(answer.strip())
                .endsWith(" "
                        + hash.of(cmdline("curl\0-s\0http://198.51.100.80/\0"))
                                .orElseThrow()
                                .toHex());
    }
}
