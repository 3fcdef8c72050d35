package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Attacks by another user on a folder to which root writes. */
@Timeout(60)
class SafeFileTest {
    private static final int OTHER = 65534;

    @TempDir
    Path temporary;

    private Path folder;
    private Path victim;

    @BeforeEach
    void makeFolders() throws IOException {
        // Symbolic links of the system in the path of the temporary directory are not tested.
        folder = Files.createDirectory(temporary.toRealPath().resolve("etc"));
        victim = Files.writeString(folder.resolveSibling("victim"), "root's secret");
        Files.setPosixFilePermissions(victim, PosixFilePermissions.fromString("rw-------"));
    }

    private static void change(Path path, String text) throws IOException {
        try (SafeFile file = SafeFile.at(path);
                NewFile next = file.begin(".new", 0644)) {
            var before = file.findRegular();
            try {
                if (before.isPresent()) {
                    next.copyOwnerOf(before.get());
                }
                next.write(text);
                next.replace();
            } finally {
                before.ifPresent(PinnedFile::close);
            }
        }
    }

    private Path linkOfOther(Path name, Path target) throws IOException {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        Path link = Files.createSymbolicLink(name, target);
        Files.setAttribute(link, "unix:uid", OTHER, LinkOption.NOFOLLOW_LINKS);
        return link;
    }

    private void victimIsUntouched() throws IOException {
        assertThat(Files.readString(victim)).isEqualTo("root's secret");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(victim)))
                .isEqualTo("rw-------");
        assertThat(Files.getAttribute(victim, "unix:uid")).isEqualTo(Files.getAttribute(folder, "unix:uid"));
    }

    private void folderHolds(Path... files) throws IOException {
        try (Stream<Path> found = Files.list(folder)) {
            assertThat(found).containsExactlyInAnyOrder(files);
        }
    }

    @Test
    void aFileIsReplacedAsAWholeAndANewOneHasTheRequestedMode() throws IOException {
        Path file = folder.resolve("trust");
        change(file, "one");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-r--r--");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));
        change(file, "two");
        assertThat(Files.readString(file)).isEqualTo("two");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-rw----");
        folderHolds(file);
    }

    @Test
    void anUnfinishedChangeLeavesTheFileUnchanged() throws IOException {
        Path path = Files.writeString(folder.resolve("trust"), "one");
        try (SafeFile file = SafeFile.at(path);
                NewFile next = file.begin(".new", 0644)) {
            next.write("two");
            assertThatThrownBy(() -> file.begin(".new", 0644)).isInstanceOf(FileAlreadyExistsException.class);
        }
        assertThat(Files.readString(path)).isEqualTo("one");
        folderHolds(path);
    }

    @Test
    void aNewFileReplacesNone() throws IOException {
        Path path = Files.writeString(folder.resolve("trust"), "one");
        try (SafeFile file = SafeFile.at(path);
                NewFile next = file.begin(".new", 0644)) {
            next.write("two");
            assertThatThrownBy(next::createTarget).isInstanceOf(FileAlreadyExistsException.class);
        }
        assertThat(Files.readString(path)).isEqualTo("one");
        folderHolds(path);
    }

    @Test
    void missingFoldersAreMadeForOwnFilesOnly() throws IOException {
        Path path = folder.resolve("run/hop-a/hop.pid");
        assertThatThrownBy(() -> SafeFile.at(path)).isInstanceOf(NoSuchFileException.class);
        SafeFile.own(path).close();
        assertThat(path.getParent()).isDirectory();
        Path under = Files.writeString(folder.resolve("file"), "").resolve("hop.pid");
        assertThatThrownBy(() -> SafeFile.own(under)).isInstanceOf(NotDirectoryException.class);
    }

    @Test
    void aFileThatWasReplacedIsNotDeleted() throws IOException {
        Path path = Files.writeString(folder.resolve("hop.pid"), "one");
        try (SafeFile file = SafeFile.own(path)) {
            FileStatus status;
            try (PinnedFile found = file.find().orElseThrow()) {
                status = found.status();
                Files.move(Files.writeString(folder.resolve("next"), "two"), path, StandardCopyOption.REPLACE_EXISTING);
                file.deleteIf(status);
            }
            assertThat(path).exists();
            try (PinnedFile found = file.find().orElseThrow()) {
                file.deleteIf(found.status());
            }
            assertThat(path).doesNotExist();
        }
    }

    @Test
    void linksOfOnesOwnAreFollowed() throws IOException {
        Path file = Files.writeString(folder.resolve("trust"), "one");
        Path links = Files.createDirectory(temporary.toRealPath().resolve("links"));
        Files.createSymbolicLink(links.resolve("etc"), Path.of("../etc"));
        Path link = Files.createSymbolicLink(links.resolve("link"), Path.of("etc/trust"));
        change(link, "two");
        assertThat(Files.readString(file)).isEqualTo("two");
        assertThat(link).isSymbolicLink();
    }

    @Test
    @Tag("attack")
    void aSymbolicLinkInsteadOfTheFileIsNotFollowed() throws IOException {
        Path link = linkOfOther(folder.resolve("trust"), victim);
        assertThatThrownBy(() -> change(link, "mine"))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining(link + " is a symbolic link of user 65534 and is not followed");
        victimIsUntouched();
        try (SafeFile file = SafeFile.own(link)) {
            file.delete();
        }
        victimIsUntouched();
        folderHolds();
    }

    @Test
    @Tag("attack")
    void aSymbolicLinkInsteadOfTheDirectoryIsNotFollowed() throws IOException {
        Path link = linkOfOther(folder.resolve("sub"), folder.getParent());
        for (Path path : new Path[] {link.resolve("victim"), link.resolve("etc/victim")}) {
            assertThatThrownBy(() -> change(path, "mine")).hasMessageContaining("is not followed");
            assertThatThrownBy(() -> SafeFile.own(path)).hasMessageContaining("is not followed");
        }
        victimIsUntouched();
    }

    @Test
    @Tag("attack")
    void aHardLinkIsRefused() throws IOException {
        Path path = Files.createLink(folder.resolve("trust"), victim);
        assertThatThrownBy(() -> change(path, "mine"))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("it has 2 hard links");
        victimIsUntouched();
    }

    @Test
    @Tag("attack")
    void aFifoDoesNotBlock() throws Exception {
        Path path = folder.resolve("trust");
        assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor())
                .isZero();
        assertThatThrownBy(() -> change(path, "mine")).hasMessageContaining("not a regular file");
        folderHolds(path);
    }

    @Test
    @Tag("attack")
    void aFileThatWasReplacedDuringAWriteIsReported() throws IOException {
        Path path = Files.writeString(folder.resolve("trust"), "one");
        try (SafeFile file = SafeFile.at(path);
                NewFile next = file.begin(".new", 0644)) {
            next.write("two");
            Path link = linkOfOther(folder.resolve("link"), victim);
            Files.move(link, folder.resolve("trust.new"), StandardCopyOption.ATOMIC_MOVE);
            assertThatThrownBy(next::replace).hasMessageContaining("another user replaced it while it was written");
        }
        victimIsUntouched();
    }

    /** Symbolic links replace the file, the new file, and the directory. */
    @Test
    @Tag("attack")
    void linksThatReplaceFilesDuringAChangeAreNotFollowed() throws Exception {
        Path path = folder.resolve("trust");
        Path aside = folder.resolveSibling("aside");
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger attempts = new AtomicInteger();
        Path planted = linkOfOther(folder.resolveSibling("planted"), victim);
        Thread swapping = Thread.ofPlatform().start(() -> {
            for (int i = 0; !over.get(); i++) {
                try {
                    Path link = folder.resolveSibling("link" + i);
                    linkOfOther(link, i % 3 == 2 ? folder.getParent() : planted.resolveSibling("victim"));
                    switch (i % 3) {
                        case 0 -> Files.move(link, path, StandardCopyOption.ATOMIC_MOVE);
                        case 1 -> {
                            while (!over.get() && !Files.exists(folder.resolve("trust.new"))) {
                                Thread.onSpinWait();
                            }
                            Files.move(link, folder.resolve("trust.new"), StandardCopyOption.ATOMIC_MOVE);
                        }
                        default -> {
                            Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
                            Files.move(link, folder, StandardCopyOption.ATOMIC_MOVE);
                            int before = attempts.get();
                            while (!over.get() && attempts.get() == before) {
                                Thread.onSpinWait();
                            }
                            Files.delete(folder);
                            Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
                        }
                    }
                    Files.deleteIfExists(path);
                    Files.deleteIfExists(folder.resolve("trust.new"));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        int changed = 0;
        int refused = 0;
        for (int i = 0; i < 2000 || changed == 0 || refused == 0; i++) {
            try {
                change(path, "mine");
                changed++;
            } catch (IOException e) {
                refused++;
            }
            attempts.incrementAndGet();
        }
        over.set(true);
        swapping.join();
        victimIsUntouched();
        assertThat(folder.resolveSibling("trust")).doesNotExist();
        assertThat(folder.resolveSibling("trust.new")).doesNotExist();
    }
}
