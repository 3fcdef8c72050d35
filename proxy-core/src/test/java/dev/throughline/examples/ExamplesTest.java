package dev.throughline.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.chain.Verifier;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.Trust;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples work as README.md describes, and README.md contains their code. */
class ExamplesTest {
    private static final String START = "    // @start region=\"example\"\n";
    private static final byte[] HEADER =
            HexFormat.of().parseHex("0d0a0d0a000d0a515549540a2111000c" + "c000020ac63364509c4001bb");

    @Test
    void readPrintsTheClaimsOfAHeader() throws IOException {
        assertThat(read(HEADER)).isEqualTo("unverified: 192.0.2.10:40000 -> 198.51.100.80:443");
    }

    @Test
    void readTakesNoByteOfTheFlow() throws IOException {
        ByteArrayInputStream flow = new ByteArrayInputStream(Arrays.copyOf(HEADER, HEADER.length + 3));

        assertThat(read(flow)).startsWith("unverified");
        assertThat(flow.available()).isEqualTo(3);
    }

    @Test
    void readPrintsTheProblem() throws IOException {
        assertThat(read(Arrays.copyOf(HEADER, 20))).isEqualTo("cut off, 28 bytes were expected");
        assertThat(read("GET / HTTP/1.1".getBytes(StandardCharsets.US_ASCII)))
                .startsWith("malformed at byte 0: not a PROXY v2 signature");
    }

    @Test
    void verifyAcceptsASignedHeader(@TempDir Path directory) throws Exception {
        PrivateKey key = PrivateKey.generate("laptop", new SecureRandom());
        Trust trust = Trust.parse("trust", key.publicKey().toText() + " origin=laptop");

        assertThat(signAndVerify(key, trust, directory)).isEqualTo("verified: 192.0.2.10:40000 -> 198.51.100.80:443");
    }

    @Test
    void verifyRejectsAnUntrustedKey(@TempDir Path directory) throws Exception {
        PrivateKey key = PrivateKey.generate("laptop", new SecureRandom());

        assertThat(signAndVerify(key, Trust.NOBODY, directory)).startsWith("rejected: unknown-key");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ReadHeader", "VerifyHeader", "SignHeader"})
    void theReadmeShowsThem(String example) throws IOException {
        String source = Files.readString(
                Path.of("src/test/java/dev/throughline/examples").resolve(example + ".java"));
        String shown = source.substring(source.indexOf(START), source.indexOf("    // @end\n"))
                .replace(START, "")
                .replaceAll("(?m)^    ", "");

        assertThat(shown).isNotBlank();
        assertThat(Files.readString(Path.of("README.md"))).contains("```java\n" + shown + "```\n");
    }

    private static String signAndVerify(PrivateKey key, Trust trust, Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("laptop.key"), key.toSecretText());
        Verifier verifier = VerifyHeader.verifier("vault", trust);
        awaitNextMilli();
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> {
                try {
                    return VerifyHeader.receive(listener, verifier);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            SignHeader.main(new String[] {file.toString(), String.valueOf(listener.getLocalPort())});
            return answer.get(10, TimeUnit.SECONDS);
        }
    }

    /** Links have whole milliseconds: a link of the millisecond in which its receiver started is from before the start. */
    private static void awaitNextMilli() {
        long started = System.currentTimeMillis();
        while (System.currentTimeMillis() == started) {
            Thread.onSpinWait();
        }
    }

    private static String read(byte[] bytes) throws IOException {
        return read(new ByteArrayInputStream(bytes));
    }

    /** Returns the output of the program for this input. */
    private static String read(InputStream input) throws IOException {
        InputStream in = System.in;
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (PrintStream print = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setIn(input);
            System.setOut(print);
            ReadHeader.main(new String[0]);
        } finally {
            System.setIn(in);
            System.setOut(out);
        }
        return printed.toString(StandardCharsets.UTF_8).strip();
    }
}
