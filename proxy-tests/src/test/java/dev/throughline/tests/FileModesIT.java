package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Configuration, keys and trust that others could have written. */
@NeedsNamespaces
@Timeout(180)
@Tag("attack")
class FileModesIT {
    private static final Loopback NET = Loopback.own();
    private static final int CONFIGURATION = 3;
    private static final int ORDINARY = 23456;

    @TempDir
    Path temporary;

    private Path folder;
    private Hops hops;

    @BeforeEach
    void configure() throws IOException {
        folder = Files.createDirectory(temporary.toRealPath().resolve("etc"));
        hops = new Hops(folder, Host.THIS).keys("hop-a");
        hops.configure("hop-a", """
                listeners: [{ name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }]
                route: { to: destination }
                """.formatted(Tuple.text(NET.at(1, 17001)), Tuple.text(NET.at(9, 17009))));
    }

    private static void mode(Path path, String mode) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private void isRefused(String reason, String... command) throws Exception {
        Process process = new ProcessBuilder(Program.throughline(command))
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(output).contains(reason);
        assertThat(process.waitFor()).isEqualTo(CONFIGURATION);
    }

    @Test
    void aConfigurationThatOthersCanWriteIsRefused() throws Exception {
        Path config = hops.config("hop-a");
        mode(config, "rw-rw-r--");
        String reason = config + ": can't be read: mode rw-rw-r-- lets others write it: chmod go-w " + config;
        isRefused(reason, "run", "-c", config.toString());
        isRefused(reason, "check", config.toString());
    }

    @Test
    void aFolderInWhichOthersCanReplaceFilesIsRefused() throws Exception {
        mode(folder, "rwxrwxrwx");
        String reason =
                "its directory " + folder + " has mode rwxrwxrwx: others can replace files in it: chmod go-w " + folder;
        isRefused(reason, "run", "-c", hops.config("hop-a").toString());
        isRefused(reason, "check", hops.config("hop-a").toString());
        isRefused(reason, "keys", "list", folder.resolve("trust").toString());
        isRefused(reason, "keys", "show", folder.resolve("hop-a.key").toString());
    }

    /** In a user namespace, the host's root, who owns / and /tmp, appears as user nobody. */
    @Test
    void inAUserNamespaceOfOneUserItsOwnFilesAreFine() throws Exception {
        Path below = Files.createTempDirectory("throughline-modes");
        try {
            Path trust = Files.copy(folder.resolve("trust"), below.resolve("trust"));
            Files.setAttribute(trust, "unix:uid", ORDINARY);
            Files.setAttribute(below, "unix:uid", ORDINARY);
            List<String> command = new ArrayList<>(List.of(
                    "setpriv", "--reuid=" + ORDINARY, "--regid=" + ORDINARY, "--clear-groups", "unshare", "-Ur"));
            command.addAll(Program.throughline("keys", "list", trust.toString()));
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).describedAs(output).isZero();
        } finally {
            MoreFiles.deleteRecursively(below, RecursiveDeleteOption.ALLOW_INSECURE);
        }
    }
}
