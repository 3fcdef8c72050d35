package dev.throughline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.key.KeyFormatException;
import dev.throughline.key.SecretKey;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFilesTest {
    @TempDir
    Path folder;

    private Path file;
    private SecretKey key;

    @BeforeEach
    void makeKey() throws Exception {
        file = folder.resolve("hop-a.key");
        key = SecretKey.generate("hop-a", new SecureRandom());
    }

    private void mode(String mode) throws Exception {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    @Test
    void whatIsWrittenIsItsOwnersOnlyAndIsReadBack() throws Exception {
        KeyFiles.writeSecret(file, key);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(KeyFiles.readSecret(file).publicKey()).isEqualTo(key.publicKey());
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

        assertThatThrownBy(() -> KeyFiles.readSecret(file))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageStartingWith(file + ": mode " + mode + " ")
                .hasMessageContaining("chmod 600 " + file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "r--------"})
    void aModeOfItsOwnerOnlyIsFine(String mode) throws Exception {
        KeyFiles.writeSecret(file, key);
        mode(mode);

        assertThat(KeyFiles.readSecret(file).publicKey()).isEqualTo(key.publicKey());
    }

    @Test
    void aModeIsLookedAtBeforeTheKey() throws Exception {
        Files.writeString(file, "not a key");
        mode("rw-r--r--");

        assertThatThrownBy(() -> KeyFiles.readSecret(file)).hasMessageContaining("mode rw-r--r--");
        mode("rw-------");
        assertThatThrownBy(() -> KeyFiles.readSecret(file))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageStartingWith(file + ": a secret key reads");
    }

    @Test
    void aFileThatIsNotThereIsSaidToBeMissing() {
        assertThatThrownBy(() -> KeyFiles.readSecret(file)).isInstanceOf(NoSuchFileException.class);
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

    @Test
    void aTrustFileIsReplacedAsAWholeAndKeepsItsMode() throws Exception {
        Files.writeString(file, "");
        mode("rw-r-----");

        KeyFiles.writeTrust(file, key.publicKey().toText() + " hop\n");

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-r-----");
        assertThat(KeyFiles.readTrust(file).find(key.publicKey().id())).isPresent();
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }
}
