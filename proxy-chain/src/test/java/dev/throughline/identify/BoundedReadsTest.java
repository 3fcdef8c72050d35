package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A read that never returns is abandoned, and affects only reads of the same file system. */
@Timeout(60)
class BoundedReadsTest {
    private final BoundedReads reads = new BoundedReads("read", Duration.ofMillis(50));
    private final CountDownLatch answers = new CountDownLatch(1);

    @AfterEach
    void close() {
        answers.countDown();
        reads.close();
    }

    private CompletableFuture<String> hang(String place) {
        return reads.read(
                place,
                () -> {
                    try {
                        answers.await();
                        return "late";
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                },
                "nothing");
    }

    private CompletableFuture<String> read(String place) {
        return reads.read(place, () -> "read", "nothing");
    }

    @Test
    void returnsTheContentOrTheDefaultIfAReadFails() {
        assertThat(read("here").join()).isEqualTo("read");
        assertThat(reads.read(
                                "here",
                                () -> {
                                    throw new IOException("gone");
                                },
                                "nothing")
                        .join())
                .isEqualTo("nothing");
        assertThat(reads.abandoned()).isZero();
        assertThat(reads.hanging()).isEmpty();
    }

    @Test
    void aHangingFileSystemIsAbandonedCountedAndNamed() {
        assertThat(hang("hung").join()).isEqualTo("nothing");

        assertThat(reads.abandoned()).isEqualTo(1);
        assertThat(reads.hanging()).containsExactly("hung");
        assertThat(read("elsewhere").join()).isEqualTo("read");
    }

    @Test
    void aHangingFileSystemIsNotReadAgainAtOnce() {
        hang("hung").join();
        AtomicInteger asked = new AtomicInteger();

        CompletableFuture<Integer> next = reads.read("hung", asked::incrementAndGet, -1);

        assertThat(next).isCompletedWithValue(-1);
        assertThat(asked).hasValue(0);
        assertThat(reads.skipped()).isEqualTo(1);
    }

    /** Two threads at most read a hanging file system; reads that wait behind them get the same result. */
    @Test
    void aHangingFileSystemBlocksFewThreads() {
        List<CompletableFuture<String>> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            all.add(hang("hung"));
        }

        assertThat(all).allSatisfy(answer -> assertThat(answer.join()).isEqualTo("nothing"));
        assertThat(reads.abandoned()).isBetween(1L, (long) BoundedReads.PER_TARGET);
        assertThat(read("elsewhere").join()).isEqualTo("read");
    }

    /** Many hanging file systems can use up all threads: further reads don't wait. */
    @Test
    void whenEverythingHangsNobodyWaitsLongerThanTheDeadline() {
        List<CompletableFuture<String>> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            all.add(hang("place " + i));
        }

        assertThat(all).allSatisfy(answer -> assertThat(answer.join()).isEqualTo("nothing"));
        assertThat(read("another").join()).isEqualTo("nothing");
    }

    @Test
    void aFileSystemThatRespondsAgainIsReadAgain() {
        hang("hung").join();

        answers.countDown();

        while (!reads.hanging().isEmpty()) {
            Thread.onSpinWait();
        }
        assertThat(read("hung").join()).isEqualTo("read");
    }

    @Test
    void aReadThatNeverBeginsIsReported() {
        hang("hung").join();
        AtomicInteger skipped = new AtomicInteger();

        CompletableFuture<String> answer = reads.read(
                "hung",
                new BoundedReads.Read<>() {
                    @Override
                    public String get() {
                        return "read";
                    }

                    @Override
                    public void skipped() {
                        skipped.incrementAndGet();
                    }
                },
                "nothing");

        assertThat(answer.join()).isEqualTo("nothing");
        assertThat(skipped).hasValue(1);
    }
}
