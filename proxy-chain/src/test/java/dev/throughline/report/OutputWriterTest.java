package dev.throughline.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Standard output and standard error that are full, closed, not read, or shared. */
@Timeout(60)
class OutputWriterTest {
    private static final int MAX_BYTES = 64 << 10;

    private final Output output = new Output();
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
    private final OutputWriter writer = start(OutputWriter.PIPE_BYTES);

    private OutputWriter start(int maxWriteBytes) {
        return OutputWriter.start("test-output", output, MAX_BYTES, maxWriteBytes, new OutputWriter.Listener() {
            @Override
            public void failed(String why) {
                said.add("failed: " + why);
            }

            @Override
            public void recovered(long lost) {
                said.add("recovered: " + lost);
            }
        });
    }

    @AfterEach
    void stop() {
        output.resume.countDown();
        writer.close();
    }

    private void write(String line) {
        writer.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private String said() throws InterruptedException {
        return String.valueOf(said.poll(20, TimeUnit.SECONDS));
    }

    @Test
    void writesLinesAsTheyCome() throws InterruptedException {
        output.resume.countDown();
        write("one");
        write("two");
        output.awaitText("one\ntwo\n");
        assertThat(writer.dropped()).isZero();
    }

    @Test
    void beginsAFreshLineAfterOneThatWasCutShort() throws InterruptedException {
        output.space = 7;
        output.resume.countDown();
        write("first");
        write("torn");
        assertThat(said()).isEqualTo("failed: No space left on device");
        assertThat(writer.dropped()).isEqualTo(1);
        output.space = Integer.MAX_VALUE;
        write("third");
        output.awaitText("first\nt\nthird\n");
        assertThat(said()).isEqualTo("recovered: 1");
    }

    @Test
    void leavesNoEmptyLineWhereNothingOfALineWasWritten() throws InterruptedException {
        output.space = 6;
        output.resume.countDown();
        write("first");
        write("lost");
        assertThat(said()).startsWith("failed");
        output.space = Integer.MAX_VALUE;
        write("third");
        output.awaitText("first\nthird\n");
    }

    @Test
    void saysOnceThatLinesAreLostAndOnceThatTheyAreNotAnyMore() throws InterruptedException {
        output.space = 0;
        output.resume.countDown();
        for (int i = 0; i < 50; i++) {
            write("lost");
        }
        assertThat(said()).startsWith("failed");
        while (writer.dropped() < 50) {
            Thread.onSpinWait();
        }
        output.space = Integer.MAX_VALUE;
        write("written");
        assertThat(said()).isEqualTo("recovered: 50");
        assertThat(said).isEmpty();
    }

    private void writeTogether(String... lines) {
        writeTogether(writer, lines);
    }

    private static void writeTogether(OutputWriter writer, String... lines) {
        int[] ends = new int[lines.length];
        int end = 0;
        for (int i = 0; i < lines.length; i++) {
            end += lines[i].length() + 1;
            ends[i] = end;
        }
        writer.write((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8), ends);
    }

    @Test
    void losesOnlyTheLinesOfABatchThatCannotBeWritten() throws InterruptedException {
        output.space = 7;
        output.spaceAfterFailure = Integer.MAX_VALUE;
        output.resume.countDown();
        writeTogether("first", "torn", "third", "fourth");
        output.awaitText("first\nt\nthird\nfourth\n");
        assertThat(said()).isEqualTo("failed: No space left on device");
        assertThat(writer.dropped()).isEqualTo(1);
    }

    @Test
    void countsEachLineOfABatch() throws InterruptedException {
        output.space = 6;
        output.resume.countDown();
        writeTogether("first", "second", "third");
        assertThat(said()).startsWith("failed");
        while (writer.dropped() < 2) {
            Thread.onSpinWait();
        }
        output.space = Integer.MAX_VALUE;
        write("fourth");
        output.awaitText("first\nfourth\n");
        assertThat(said()).isEqualTo("recovered: 2");
    }

    /** The kernel doesn't mix a write of up to 4096 bytes with messages to the same pipe. */
    @Test
    void writesCompleteLinesOfAtMostAPipesBuffer() throws InterruptedException {
        output.resume.countDown();
        writeTogether("a".repeat(2000), "b".repeat(2000), "c".repeat(2000), "d".repeat(5000), "e");
        output.awaitText("a".repeat(2000) + "\n" + "b".repeat(2000) + "\n" + "c".repeat(2000) + "\n" + "d".repeat(5000)
                + "\ne\n");
        assertThat(output.writes).containsExactly(4002, 2001, 5001, 2);
    }

    private static final String[] BATCH = {"a".repeat(2000), "b".repeat(2000), "c".repeat(2000), "d".repeat(5000), "e"};
    private static final String BATCH_TEXT = String.join("\n", BATCH) + "\n";

    @Test
    void writesABatchAsAWholeToAFile() throws InterruptedException {
        output.resume.countDown();
        try (OutputWriter toFile = start(OutputWriter.WHOLE_BATCH)) {
            writeTogether(toFile, BATCH);
            output.awaitText(BATCH_TEXT);
            assertThat(output.writes).containsExactly(BATCH_TEXT.length());
        }
    }

    @Test
    void losesOnlyTheLineAtWhichAFileWasFull() throws InterruptedException {
        output.space = 2001 + 1000;
        output.spaceAfterFailure = Integer.MAX_VALUE;
        output.resume.countDown();
        try (OutputWriter toFile = start(OutputWriter.WHOLE_BATCH)) {
            writeTogether(toFile, BATCH);
            output.awaitText(BATCH_TEXT.replace("b".repeat(2000), "b".repeat(1000)));
            assertThat(said()).isEqualTo("failed: No space left on device");
            assertThat(toFile.dropped()).isEqualTo(1);
            assertThat(output.writes).containsExactly(2001 + 1000, 1, 2001 + 5001 + 2);
        }
    }

    @Test
    void losesTheLinesOfABatchThatAFileHasNoSpaceFor() throws InterruptedException {
        output.space = 2001;
        output.resume.countDown();
        try (OutputWriter toFile = start(OutputWriter.WHOLE_BATCH)) {
            writeTogether(toFile, BATCH);
            assertThat(said()).isEqualTo("failed: No space left on device");
            while (toFile.dropped() < 4) {
                Thread.onSpinWait();
            }
            output.space = Integer.MAX_VALUE;
            writeTogether(toFile, "next");
            output.awaitText("a".repeat(2000) + "\nnext\n");
            assertThat(said()).isEqualTo("recovered: 4");
        }
    }

    @Test
    void usesAnArrayAgainOnlyAfterItsLinesWereWritten() throws InterruptedException {
        byte[] first = "one\ntwo\n....".getBytes(StandardCharsets.UTF_8);
        byte[] second = writer.exchange(first, new int[] {4, 8});
        assertThat(second).isNotSameAs(first).hasSameSizeAs(first);
        System.arraycopy("three\n".getBytes(StandardCharsets.UTF_8), 0, second, 0, 6);
        assertThat(writer.exchange(second, new int[] {6})).isNotSameAs(first).isNotSameAs(second);
        output.resume.countDown();
        output.awaitText("one\ntwo\nthree\n");
        await().until(() -> {
            byte[] next = writer.exchange(new byte[first.length], new int[] {1});
            return List.of(first, second).contains(next);
        });
        assertThat(writer.dropped()).isZero();
    }

    @Test
    void returnsTheArrayOfLinesThatDoNotFit() throws InterruptedException {
        byte[] large = new byte[MAX_BYTES + 1];
        assertThat(writer.exchange(large, new int[] {1, 2})).isSameAs(large);
        assertThat(writer.dropped()).isEqualTo(2);
        assertThat(said()).startsWith("failed: 64 KiB are queued");
    }

    /** A signal can cut a write short; the rest follows. */
    @Test
    void writesTheRestOfABatchThatWasCutShort() throws InterruptedException {
        output.atMost = 3000;
        output.resume.countDown();
        try (OutputWriter toFile = start(OutputWriter.WHOLE_BATCH)) {
            writeTogether(toFile, BATCH);
            output.awaitText(BATCH_TEXT);
            assertThat(toFile.dropped()).isZero();
        }
    }

    @Test
    void knowsWhatIsWrittenAsAWhole(@TempDir Path folder) throws Exception {
        assertThat(OutputWriter.maxWriteBytes(Files.createFile(folder.resolve("file"))))
                .isEqualTo(OutputWriter.WHOLE_BATCH);
        assertThat(OutputWriter.maxWriteBytes(Path.of("/dev/null"))).isEqualTo(OutputWriter.WHOLE_BATCH);
        Path fifo = folder.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        assertThat(OutputWriter.maxWriteBytes(fifo)).isEqualTo(OutputWriter.PIPE_BYTES);
        Path socket = folder.resolve("socket");
        try (ServerSocketChannel open = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            open.bind(UnixDomainSocketAddress.of(socket));
            assertThat(OutputWriter.maxWriteBytes(socket)).isEqualTo(OutputWriter.PIPE_BYTES);
        }
        assertThat(OutputWriter.maxWriteBytes(folder.resolve("none"))).isEqualTo(OutputWriter.PIPE_BYTES);
    }

    @Test
    void losesABatchAsAWholeIfItDoesNotFit() throws InterruptedException {
        String line = "x".repeat(MAX_BYTES / 4);
        writeTogether(line, line, line, line);
        assertThat(said()).startsWith("failed");
        assertThat(writer.dropped()).isEqualTo(4);
        output.resume.countDown();
        write("next");
        output.awaitText("next\n");
    }

    @Test
    void doesNotWakeUpWhileThereIsNothingToDo() throws InterruptedException {
        output.resume.countDown();
        write("one");
        output.awaitText("one\n");
        Thread thread = Thread.getAllStackTraces().keySet().stream()
                .filter(one -> one.getName().equals("test-output"))
                .findFirst()
                .orElseThrow();
        while (thread.getState() == Thread.State.RUNNABLE) {
            Thread.onSpinWait();
        }
        assertThat(thread.getState()).as("without a time limit").isEqualTo(Thread.State.WAITING);
    }

    @Test
    void boundsWhatWaitsInBytes() throws InterruptedException {
        String line = "x".repeat(1023);
        for (int i = 0; i < 100; i++) {
            write(line);
        }
        // One line may be in the writer.
        assertThat(writer.dropped()).isBetween(35L, 36L);
        assertThat(said()).isEqualTo("failed: 64 KiB are queued and its reader does not read");
        output.resume.countDown();
        assertThat(said()).startsWith("recovered: ");
        assertThat(output.text()).hasSize(100 * 1024 - (int) writer.dropped() * 1024);
    }

    @Test
    void triesAgainWhereADescriptorDoesNotBlock() throws InterruptedException {
        output.unavailable = 3;
        output.resume.countDown();
        write("patient");
        output.awaitText("patient\n");
        assertThat(writer.dropped()).isZero();
    }

    @Test
    void countsWhatIsLeftWhenItIsClosedAndDoesNotWait() throws InterruptedException {
        write("in its hands");
        writeTogether("waiting", "waiting");
        writer.close();
        assertThat(writer.dropped()).isEqualTo(3);
        assertThat(said()).isEqualTo("failed: 3 lines were still queued at the end, and its reader did not read");
    }

    /** A descriptor with space for a number of bytes, which nobody reads until it is resumed. */
    private static final class Output implements WritableByteChannel {
        private final CountDownLatch resume = new CountDownLatch(1);
        private final StringBuilder text = new StringBuilder();
        private volatile int space = Integer.MAX_VALUE;
        private volatile int spaceAfterFailure;
        private final List<Integer> writes = new CopyOnWriteArrayList<>();
        private volatile int unavailable;
        private volatile int atMost = Integer.MAX_VALUE;

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            try {
                resume.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            synchronized (this) {
                if (unavailable > 0) {
                    unavailable--;
                    return 0;
                }
                int count = Math.min(Math.min(space, atMost), bytes.remaining());
                if (count == 0) {
                    space = spaceAfterFailure;
                    throw new IOException("No space left on device");
                }
                writes.add(count);
                byte[] taken = new byte[count];
                bytes.get(taken);
                space -= count;
                text.append(new String(taken, StandardCharsets.UTF_8));
                notifyAll();
                return count;
            }
        }

        synchronized String text() {
            return text.toString();
        }

        synchronized void awaitText(String wanted) throws InterruptedException {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!text().equals(wanted) && System.nanoTime() < end) {
                wait(100);
            }
            assertThat(text()).isEqualTo(wanted);
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
