package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.platform.linux.PinnedFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Slices are read when the test says so. */
class HashQueueTest {
    private static final long ATTACKER = 65534;
    private static final long VICTIM = 2001;
    private static final String DISK = "disk";
    private static final String STICK = "stick";

    @TempDir
    private Path folder;

    private record Pending(String place, FileHash file, CompletableFuture<HashQueue.Slice> answer) {
        void read() {
            try {
                answer.complete(file.readSlice() ? HashQueue.Slice.LAST : HashQueue.Slice.MORE);
            } catch (IOException e) {
                answer.complete(HashQueue.Slice.FAILED);
            }
        }
    }

    private final Deque<Pending> pending = new ArrayDeque<>();
    private final Deque<Runnable> patience = new ArrayDeque<>();
    private final HashQueue queue = new HashQueue(
            (place, file) -> {
                Pending slice = new Pending(place, file, new CompletableFuture<>());
                pending.add(slice);
                return slice.answer;
            },
            patience::add);

    private CompletableFuture<Optional<Bytes>> add(long user, Path file, String place) throws IOException {
        return queue.add(user, new FileHash(PinnedFile.open(file.toString()), FileVersion.of(file)), place);
    }

    private Path small(String name) throws IOException {
        return Files.writeString(folder.resolve(name), name);
    }

    private Path large(String name, int slices) throws IOException {
        Path file = folder.resolve(name);
        try (RandomAccessFile hole = new RandomAccessFile(file.toFile(), "rw")) {
            hole.setLength((long) slices * FileHash.SLICE_BYTES);
        }
        return file;
    }

    private int slicesUntil(CompletableFuture<Optional<Bytes>> digest) {
        int slices = 0;
        while (!digest.isDone()) {
            assertThat(pending).hasSize(1);
            pending.remove().read();
            slices++;
        }
        return slices;
    }

    @Test
    @Tag("attack")
    void largeProgramsOfOneUserDelayAnotherUsersProgramByTwoSlices() throws Exception {
        List<CompletableFuture<Optional<Bytes>>> flood = new ArrayList<>();
        for (int i = 0; i < 2 * HashQueue.PER_USER; i++) {
            flood.add(add(ATTACKER, large("large-" + i, 128), DISK));
        }
        Path program = small("program");
        CompletableFuture<Optional<Bytes>> digest = add(VICTIM, program, DISK);

        assertThat(slicesUntil(digest)).isLessThanOrEqualTo(3);
        assertThat(digest.join()).contains(ExecutableDigestsTest.sha256(Files.readAllBytes(program)));
        assertThat(flood.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join))
                .as("those beyond the limit")
                .hasSize(HashQueue.PER_USER - 1)
                .containsOnly(Optional.empty());
        assertThat(queue.refused()).isEqualTo(HashQueue.PER_USER - 1);
    }

    @Test
    @Tag("attack")
    void aFileThatAFloodingUserRequestedFirstIsHashedInTheOtherUsersTurn() throws Exception {
        Path shared = small("shared");
        add(ATTACKER, large("large", 128), DISK);
        for (int i = 0; i < HashQueue.PER_USER - 1; i++) {
            add(ATTACKER, large("large-" + i, 128), DISK);
        }
        CompletableFuture<Optional<Bytes>> first = add(ATTACKER, shared, DISK);

        CompletableFuture<Optional<Bytes>> digest = add(VICTIM, shared, DISK);

        assertThat(slicesUntil(digest)).isLessThanOrEqualTo(3);
        assertThat(first.join()).isEqualTo(digest.join()).isPresent();
    }

    @Test
    @Tag("attack")
    void anotherUserIsQueuedAlthoughManyUsersFillTheQueue() throws Exception {
        for (int i = 0; i < HashQueue.TOTAL + 1; i++) {
            add(i % 4, large("large-" + i, 128), DISK);
        }

        CompletableFuture<Optional<Bytes>> digest = add(VICTIM, small("program"), DISK);

        assertThat(slicesUntil(digest)).isLessThanOrEqualTo(6);
        assertThat(digest.join()).isPresent();
    }

    @Test
    void onlyOneSliceIsReadAtATime() throws Exception {
        add(1, large("one", 2), DISK);
        add(2, large("two", 2), STICK);

        assertThat(pending).hasSize(1);
    }

    @Test
    void aFileSystemThatDoesNotAnswerKeepsOnlyItsOwnFilesWaiting() throws Exception {
        CompletableFuture<Optional<Bytes>> hanging = add(1, small("hanging"), STICK);
        CompletableFuture<Optional<Bytes>> behind = add(2, small("behind"), STICK);
        CompletableFuture<Optional<Bytes>> elsewhere = add(3, small("elsewhere"), DISK);
        Pending hangs = pending.remove();
        assertThat(pending).isEmpty();

        patience.remove().run();
        pending.remove().read();

        assertThat(elsewhere.join()).isPresent();
        assertThat(pending).isEmpty();
        assertThat(behind).isNotDone();
        hangs.answer.complete(HashQueue.Slice.FAILED);
        assertThat(hanging.join()).isEmpty();
        pending.remove().read();
        assertThat(behind.join()).isPresent();
    }

    @Test
    void aFileThatIsWrittenToMeanwhileHasNoDigest() throws Exception {
        Path file = large("file", 2);
        CompletableFuture<Optional<Bytes>> digest = add(1, file, DISK);
        pending.remove().read();
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(0);
            bytes.write(7);
        }

        assertThat(slicesUntil(digest)).isPositive();
        assertThat(digest.join()).isEmpty();
    }

    @Test
    void theDigestOfALargeFileIsThatOfAllItsBytes() throws Exception {
        Path file = large("file", 3);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(bytes.length());
            bytes.write(7);
        }

        CompletableFuture<Optional<Bytes>> digest = add(1, file, DISK);

        assertThat(slicesUntil(digest)).isGreaterThanOrEqualTo(4);
        assertThat(digest.join()).contains(ExecutableDigestsTest.sha256(Files.readAllBytes(file)));
    }
}
