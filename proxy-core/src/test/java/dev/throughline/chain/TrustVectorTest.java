package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import dev.throughline.key.KeyFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every trust file of vectors/trust/ is accepted or rejected as expected. */
class TrustVectorTest {
    private static final Path FOLDER = Vector.DIRECTORY.resolve(TrustVectors.FOLDER);

    static List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    void hasTheExpectedResult(String name) throws IOException {
        String vector = Files.readString(FOLDER.resolve(name));
        int end = vector.indexOf("\n\n");
        List<String> expected = Splitter.on('\n')
                .splitToStream(vector.substring(0, end))
                .filter(line -> !line.startsWith("#"))
                .toList();
        String text = TrustVectors.unescaped(vector.substring(end + 2, vector.length() - 1));

        assertThat(outcome(text)).isEqualTo(expected);
    }

    private static List<String> outcome(String text) {
        List<String> outcome = new ArrayList<>();
        try {
            TrustVectors.lines(text).forEach(line -> outcome.add("line: " + line));
            outcome.addFirst("expect: accepted");
        } catch (KeyFormatException e) {
            String problem = String.valueOf(e.getMessage());
            outcome.add(
                    "expect: refused " + Splitter.on(':').splitToList(problem).get(1));
        }
        return outcome;
    }
}
