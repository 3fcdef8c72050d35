package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands that write keys on a full disk, a small tmpfs that only this test sees. */
@NeedsNamespaces
@Timeout(180)
class FullDiskIT {
    @TempDir
    Path folder;

    private String shell(String script) throws IOException {
        String program =
                Program.throughline().stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
        Process process = new ProcessBuilder(List.of(
                        "unshare",
                        "-m",
                        "sh",
                        "-c",
                        "t() { " + program + " \"$@\"; }\nmount -t tmpfs -o size=64k tmpfs " + folder + "\ncd " + folder
                                + "\n" + script))
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void nothingIsLostAndNothingIsLeftBehind() throws IOException {
        String output = shell("""
                t keys generate hop-a hop-a.key > hop-a.pub 2>/dev/null
                t keys trust trust "$(cat hop-a.pub)" --hop 2>/dev/null
                cksum hop-a.key trust > before
                cat /dev/zero > fill 2>/dev/null
                t keys generate hop-b hop-b.key; echo "generate $?"
                t keys rotate hop-a.key; echo "rotate $?"
                t keys revoke trust "$(cat hop-a.pub)"; echo "revoke $?"
                cksum hop-a.key trust | cmp - before && echo unchanged
                ls
                """);
        assertThat(output.lines())
                .contains(
                        "hop-b.key: can't be written: write: ENOSPC (no space left)",
                        "generate 1",
                        "hop-a.key: can't be written: write: ENOSPC (no space left)",
                        "rotate 1",
                        "trust: can't be written: write: ENOSPC (no space left)",
                        "revoke 1",
                        "unchanged")
                .endsWith("before", "fill", "hop-a.key", "hop-a.pub", "trust");
    }
}
