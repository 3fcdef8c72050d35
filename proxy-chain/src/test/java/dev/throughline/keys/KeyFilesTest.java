package dev.throughline.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustText;
import dev.throughline.platform.linux.StrictModes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFilesTest {
    @TempDir
    Path folder;

    private Path file;
    private PrivateKey key;

    @BeforeEach
    void makeKey() throws Exception {
        file = folder.resolve("hop-a.key");
        key = PrivateKey.generate("hop-a", new SecureRandom());
    }

    private PrivateKey read() throws Exception {
        return KeyFiles.readSecrets(file).signingAt(Instant.now()).key();
    }

    private void mode(String mode) throws Exception {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    @Test
    void keyFilesAreReadableByTheirOwnerOnly() throws Exception {
        KeyFiles.writeSecret(file, key);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(read().publicKey()).isEqualTo(key.publicKey());
    }

    @Test
    void aKeyIsNeverReplaced() throws Exception {
        KeyFiles.writeSecret(file, key);
        String before = Files.readString(file);

        assertThatThrownBy(() -> KeyFiles.writeSecret(file, key)).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(Files.readString(file)).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw--w----", "rw----r--", "rw-----w-", "rwx------", "rw---x---", "rw-rw-rw-"})
    void aModeThatLetsOthersAtItIsRefused(String mode) throws Exception {
        KeyFiles.writeSecret(file, key);
        mode(mode);

        assertThatThrownBy(() -> KeyFiles.readSecrets(file))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageStartingWith(file + ": mode " + mode + " ")
                .hasMessageContaining("chmod 600 " + file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "r--------"})
    void aModeOfItsOwnerOnlyIsFine(String mode) throws Exception {
        KeyFiles.writeSecret(file, key);
        mode(mode);

        assertThat(read().publicKey()).isEqualTo(key.publicKey());
    }

    @Test
    void aModeIsCheckedBeforeTheKey() throws Exception {
        Files.writeString(file, "not a key");
        mode("rw-r--r--");

        assertThatThrownBy(() -> KeyFiles.readSecrets(file)).hasMessageContaining("mode rw-r--r--");
        mode("rw-------");
        assertThatThrownBy(() -> KeyFiles.readSecrets(file))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageStartingWith(file + ":1:1: not a secret key: expected");
    }

    @Test
    void theKeyOfCommandLinesIsItsOwnersToo() throws Exception {
        Files.writeString(file, "0123456789abcdefABCDEF".repeat(2) + "0".repeat(20) + "\n");
        mode("rw-r-----");
        assertThatThrownBy(() -> KeyFiles.readCommandLineKey(file, StrictModes.ofCommand(file)))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageStartingWith(file + ": mode rw-r----- ");
        mode("rw-------");
        assertThat(KeyFiles.readCommandLineKey(file, StrictModes.ofCommand(file))
                        .length())
                .isEqualTo(32);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "00", "0g", "words"})
    void aKeyOfCommandLinesHas64Digits(String end) throws Exception {
        Files.writeString(file, "0".repeat(63) + end);
        mode("rw-------");
        assertThatThrownBy(() -> KeyFiles.readCommandLineKey(file, StrictModes.ofCommand(file)))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageContaining("64 hexadecimal digits");
    }

    @Test
    void aMissingFileIsReported() {
        assertThatThrownBy(() -> KeyFiles.readSecrets(file)).isInstanceOf(NoSuchFileException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-rw-r--", "rw-r--rw-"})
    void aTrustFileThatOthersCanWriteIsRefused(String mode) throws Exception {
        Files.writeString(file, key.publicKey().toText() + " hop\n");
        mode(mode);

        assertThatThrownBy(() -> KeyFiles.readTrust(file))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageContaining("chmod go-w");
    }

    /**
     * A file that only its owner can read and a file that any user can write alternate under one name. If mode and
     * content were read by name, they would sooner or later be of different files.
     */
    @Test
    void theModeIsThatOfTheVeryFileThatIsRead() throws Exception {
        Path good = written("good", key, "rw-------");
        Path planted = written("planted", PrivateKey.generate("hop-a", new SecureRandom()), "rw-rw-rw-");
        Files.createLink(file, good);
        AtomicBoolean over = new AtomicBoolean();
        Thread swapping = Thread.ofPlatform().start(() -> {
            for (boolean swap = true; !over.get(); swap = !swap) {
                place(swap ? planted : good);
            }
        });
        try {
            for (int i = 0; i < 10_000; i++) {
                try {
                    assertThat(read().publicKey()).isEqualTo(key.publicKey());
                } catch (KeyFormatException e) {
                    assertThat(e).hasMessageContaining("mode rw-rw-rw-");
                }
            }
        } finally {
            over.set(true);
            swapping.join();
        }
    }

    private Path written(String name, PrivateKey secret, String mode) throws IOException {
        Path path = Files.writeString(folder.resolve(name), secret.toSecretText());
        return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private void place(Path one) {
        try {
            Path next = Files.createLink(folder.resolve("next"), one);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aTrustFileIsReplacedAsAWholeAndKeepsItsMode() throws Exception {
        Files.writeString(file, "");
        mode("rw-r-----");

        trust(key);

        assertThat(mode()).isEqualTo("rw-r-----");
        assertThat(KeyFiles.readTrust(file).find(key.publicKey().id())).isPresent();
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    private void trust(PrivateKey added) throws IOException, KeyFormatException {
        KeyFiles.changeTrust(
                file,
                before -> before.with(Trust.parse("", added.publicKey().toText() + " hop")
                        .entries()
                        .iterator()
                        .next()));
    }

    private String mode() throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void aNewTrustFileCanBeReadByAllAndWrittenByItsOwner() throws Exception {
        trust(key);
        assertThat(mode()).isEqualTo("rw-r--r--");
    }

    @Test
    void twoWhoChangeAFileAtOnceLoseNothing() throws Exception {
        int writers = 8;
        int keys = 12;
        List<Thread> threads = new ArrayList<>();
        Queue<Throwable> problems = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < writers; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    for (int k = 0; k < keys; k++) {
                        trust(PrivateKey.generate("hop-a", new SecureRandom()));
                    }
                } catch (IOException | KeyFormatException e) {
                    problems.add(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(problems).isEmpty();
        assertThat(KeyFiles.readTrust(file).entries()).hasSize(writers * keys);
    }

    @Test
    void aFileThatAKilledCommandLeftIsNamed() throws Exception {
        Path left = Files.createFile(folder.resolve("hop-a.key.new"));

        assertThatThrownBy(() -> trust(key))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(
                        "another command is changing it; if none is running, remove the leftover " + left);
        assertThat(left).exists();
    }

    @Test
    void aChangeThatCouldNotBeReadIsNotMade() throws Exception {
        trust(key);
        String before = Files.readString(file);

        assertThatThrownBy(() -> KeyFiles.changeTrust(file, text -> new TrustText("trust", "not a key\n")))
                .isInstanceOf(KeyFormatException.class);

        assertThat(Files.readString(file)).isEqualTo(before);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void aSecretThatIsAddedStaysItsOwnersOnly() throws Exception {
        KeyFiles.writeSecret(file, key);
        PrivateKey next = PrivateKey.generate("hop-a", new SecureRandom());

        KeyFiles.changeSecrets(file, text -> text + next.toSecretText() + " from=2027-01-01T00:00:00Z\n");

        assertThat(mode()).isEqualTo("rw-------");
        assertThat(KeyFiles.readSecrets(file).entries()).hasSize(2);
        mode("rw-r-----");
        assertThatThrownBy(() -> KeyFiles.changeSecrets(file, text -> text)).hasMessageContaining("mode rw-r-----");
    }

    /** A command of root must not make a key unreadable for the hop's user. */
    @Test
    void theOwnerStaysThoughRootChangesIt() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        KeyFiles.writeSecret(file, key);
        Files.setAttribute(file, "unix:uid", 65534);
        Files.setAttribute(file, "unix:gid", 65533);

        KeyFiles.changeSecrets(file, text -> "# changed\n" + text);

        assertThat(Files.getAttribute(file, "unix:uid")).isEqualTo(65534);
        assertThat(Files.getAttribute(file, "unix:gid")).isEqualTo(65533);
    }

    @Test
    void aSymbolicLinkStillLeadsToTheFile() throws Exception {
        KeyFiles.writeSecret(file, key);
        Path link = Files.createSymbolicLink(folder.resolve("link.key"), file);

        KeyFiles.changeSecrets(link, text -> "# changed\n" + text);

        assertThat(link).isSymbolicLink();
        assertThat(Files.readString(file)).startsWith("# changed\n");
    }

    /** A user who may write to the folder could have root trust a key in another hop's file. */
    @Test
    @Tag("attack")
    void aSymbolicLinkOfAnotherUserIsNotFollowed() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        KeyFiles.writeSecret(file, key);
        String before = Files.readString(file);
        Path link = Files.createSymbolicLink(folder.resolve("link.key"), file);
        Files.setAttribute(link, "unix:uid", 65534, LinkOption.NOFOLLOW_LINKS);

        assertThatThrownBy(() -> KeyFiles.changeSecrets(link, text -> "# changed\n" + text))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining(link + " is a symbolic link of user 65534 and is not followed");
        assertThat(Files.readString(file)).isEqualTo(before);
    }
}
