package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class VectorFilesTest {
    @Test
    void theFilesAreWhatTheCatalogueMakes() throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(Vector.DIRECTORY)) {
            for (Path path : paths.filter(Files::isRegularFile)
                    .filter(path -> !path.endsWith("README.md"))
                    .toList()) {
                files.put(Vector.DIRECTORY.relativize(path).toString(), Files.readString(path));
            }
        }
        Map<String, String> made = VectorCatalogue.files();
        assertThat(files.keySet()).as("run VectorCatalogue.main").isEqualTo(made.keySet());
        made.forEach((name, text) -> assertThat(files.get(name)).as(name).isEqualTo(text));
    }
}
