package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs every transcript in the resources; {@link Transcript} describes the format. */
class TranscriptTest {
    static Stream<String> names() throws IOException, URISyntaxException {
        try (Stream<Path> files = Files.list(resources())) {
            List<String> names = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".txt"))
                    .sorted()
                    .toList();
            return names.stream();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    void answersAsWritten(String name, @TempDir Path folder) throws Exception {
        try (Stream<Path> fixtures = Files.list(resources().resolve("files"));
                ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (Path fixture : fixtures.toList()) {
                Path copy = Files.copy(fixture, folder.resolve(fixture.getFileName()));
                Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-------"));
            }
            Transcript transcript = new Transcript(folder);
            transcript.set("PORT-BUSY", String.valueOf(busy.getLocalPort()));

            List<Transcript.Answer> answers =
                    transcript.play(Files.readString(resources().resolve(name)));

            assertThat(text(answers, Transcript.Answer::actual))
                    .isEqualTo(text(answers, Transcript.Answer::expected))
                    .isNotEmpty()
                    .doesNotContain("\u001b");
        }
    }

    private static String text(List<Transcript.Answer> answers, Function<Transcript.Answer, String> part) {
        return answers.stream()
                .map(answer -> answer.command() + "\n" + part.apply(answer))
                .collect(Collectors.joining("\n"));
    }

    private static Path resources() throws URISyntaxException {
        return Path.of(TranscriptTest.class.getResource("/transcripts").toURI());
    }
}
