package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of root in a directory of root in /tmp; a test changes the owner of one. */
class StrictModesTest {
    private static final int OTHER = 65534;

    @TempDir
    Path temporary;

    private Path folder;
    private Path file;

    @BeforeEach
    void make() throws IOException {
        assumeTrue(OwnUser.uid() == 0, "needs root");
        folder = Files.createDirectory(temporary.toRealPath().resolve("etc"));
        file = Files.writeString(folder.resolve("trust"), "text");
    }

    private static void mode(Path path, int mode) throws IOException {
        Files.setAttribute(path, "unix:mode", mode);
    }

    private static void give(Path path) throws IOException {
        Files.setAttribute(path, "unix:uid", OTHER, LinkOption.NOFOLLOW_LINKS);
    }

    private static String read(StrictModes modes, Path path) throws IOException {
        try (PinnedFile opened = modes.open(path)) {
            return Files.readString(opened.path());
        }
    }

    private void isRefused(Path path, String why) {
        assertThatThrownBy(() -> StrictModes.ofThisProcess().open(path))
                .isInstanceOfSatisfying(
                        FileSystemException.class,
                        refused -> assertThat(refused.getReason()).isEqualTo(why));
    }

    @Test
    void aFileOfOnesOwnBelowTheFolderForTemporaryFilesIsFine() throws IOException {
        assertThat(read(StrictModes.ofThisProcess(), file)).isEqualTo("text");
        mode(folder, 01777);
        assertThat(read(StrictModes.ofThisProcess(), file)).isEqualTo("text");
    }

    @Test
    @Tag("attack")
    void aFolderThatOthersCanWriteIsRefused() throws IOException {
        mode(folder, 0777);
        isRefused(
                file,
                "its directory " + folder + " has mode rwxrwxrwx: others can replace files in it: chmod go-w "
                        + folder);
        mode(folder, 0775);
        isRefused(
                file,
                "its directory " + folder + " has mode rwxrwxr-x: others can replace files in it: chmod go-w "
                        + folder);
    }

    @Test
    @Tag("attack")
    void aFolderFurtherUpIsCheckedToo() throws IOException {
        Path below =
                Files.writeString(Files.createDirectory(folder.resolve("sub")).resolve("trust"), "text");
        mode(folder, 0757);
        isRefused(
                below,
                "its directory " + folder + " has mode rwxr-xrwx: others can replace files in it: chmod go-w "
                        + folder);
    }

    @Test
    @Tag("attack")
    void aFileOfAnotherUserIsRefused() throws IOException {
        give(file);
        isRefused(file, file + " belongs to user 65534, who can change it: chown root " + file);
        give(folder);
        isRefused(file, folder + " belongs to user 65534, who can replace files in it: chown root " + folder);
    }

    @Test
    @Tag("attack")
    void aLinkOfAnotherUserIsRefusedThoughTheFileIsRoots() throws IOException {
        Path sticky = Files.createDirectory(folder.resolveSibling("sticky"));
        mode(sticky, 01777);
        Path link = Files.createSymbolicLink(sticky.resolve("trust"), file);
        assertThat(read(StrictModes.ofThisProcess(), link)).isEqualTo("text");
        give(link);
        isRefused(link, link + " is a symbolic link of user 65534 and is not followed: use the path of its target");
    }

    /** "keys trust" by root for a hop that runs as another user. */
    @Test
    void rootsCommandsTrustTheOwnerOfTheFileAsWell() throws IOException {
        give(file);
        give(folder);
        assertThat(read(StrictModes.ofCommand(file), file)).isEqualTo("text");
        Files.setAttribute(folder, "unix:uid", OTHER - 1);
        assertThatThrownBy(() -> StrictModes.ofCommand(file).open(file))
                .hasMessageContaining(folder + " belongs to user 65533");
    }

    @Test
    void theOverflowIdIsTheHostsRootOnlyWhereNobodyHasIt() {
        assertThat(TrustedUsers.isMapped(OTHER, List.of("         0          0 4294967295")))
                .isTrue();
        assertThat(TrustedUsers.isMapped(OTHER, List.of("         0       1000          1")))
                .isFalse();
        assertThat(TrustedUsers.isMapped(OTHER, List.of("0 1000 1", "1 100000 65536")))
                .isTrue();
        assertThat(TrustedUsers.isMapped(OTHER, List.of("0 1000 1", "1 100000 65533")))
                .isFalse();
    }
}
