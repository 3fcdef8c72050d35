package dev.throughline.identify;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.platform.linux.PinnedFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecutableDigestsTest {
    @TempDir
    private Path directory;

    private final ExecutableDigests digests = new ExecutableDigests(id -> id);

    @Test
    void isTheDigestOfTheBytesAndRemembered() throws Exception {
        Path path = Files.write(directory.resolve("program"), new byte[300_000]);

        assertThat(digest(path).join()).contains(sha256(new byte[300_000]));
        assertThat(digest(path).getNow(Optional.empty())).contains(sha256(new byte[300_000]));
    }

    @Test
    void aFileThatWasReplacedOrRewrittenIsAnotherFile() throws Exception {
        Path path = Files.writeString(directory.resolve("program"), "one");
        assertThat(digest(path).join()).contains(sha256("one".getBytes(UTF_8)));

        Files.writeString(path, "two");
        assertThat(digest(path).join()).contains(sha256("two".getBytes(UTF_8)));
    }

    @Test
    void anOlderStateIsNotReported() throws Exception {
        Path path = Files.writeString(directory.resolve("program"), "one");
        ExecutableFile old = Known.file(path);
        Files.writeString(path, "other");

        assertThat(digests.of(PinnedFile.open(path.toString()), old, Known.fileSystem(path), 0)
                        .join())
                .isEmpty();
    }

    private CompletableFuture<Optional<Bytes>> digest(Path path) throws Exception {
        return digests.of(PinnedFile.open(path.toString()), Known.file(path), Known.fileSystem(path), 0);
    }

    static Bytes sha256(byte[] bytes) throws Exception {
        return Bytes.copyOf(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
