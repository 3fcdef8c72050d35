package dev.throughline.report;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A standard error that never blocks. Otherwise one message to a full pipe blocks the thread that logs it and, through
 * the lock of the log, all other threads, the admin interface and the shutdown on SIGTERM included.
 */
public final class StandardError {
    private static final int MAX_BYTES = 1 << 20;
    private static final int MAX_LINE_BYTES = 64 << 10;
    private static final Logger LOG = LoggerFactory.getLogger(StandardError.class);

    private static volatile @Nullable OutputWriter installed;

    private StandardError() {}

    /**
     * Replaces {@link System#err}, to which the log writes as well, until the process ends. At shutdown, queued lines
     * are written for at most two seconds.
     */
    public static synchronized void install() {
        if (installed != null) {
            return;
        }
        OutputWriter writer = OutputWriter.start(
                "standard-error",
                new FileOutputStream(FileDescriptor.err).getChannel(),
                MAX_BYTES,
                OutputWriter.PIPE_BYTES,
                new OutputWriter.Listener() {
                    @Override
                    public void failed(String why) {
                        // It can't be logged; the metrics count it.
                    }

                    @Override
                    public void recovered(long lost) {
                        LOG.warn("standard error is writable again, messages lost: {}", lost);
                    }
                });
        installed = writer;
        System.setErr(new PrintStream(new Lines(writer), true, System.err.charset()));
        Runtime.getRuntime().addShutdownHook(new Thread(writer::close, "standard-error-end"));
    }

    /** Writes the queued messages, for at most two seconds. Later messages are lost. */
    public static void close() {
        OutputWriter writer = installed;
        if (writer != null) {
            writer.close();
        }
    }

    /** Returns the number of messages lost so far. */
    public static long dropped() {
        OutputWriter writer = installed;
        return writer == null ? 0 : writer.dropped();
    }

    /** A stream that passes on complete lines. {@link PrintStream} calls it under a lock. */
    private static final class Lines extends OutputStream {
        private final OutputWriter writer;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();

        Lines(OutputWriter writer) {
            this.writer = writer;
        }

        @Override
        public synchronized void write(int one) {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) {
            line.write(bytes, offset, length);
            if (length > 0 && (bytes[offset + length - 1] == '\n' || line.size() > MAX_LINE_BYTES)) {
                writer.write(line.toByteArray());
                line.reset();
            }
        }
    }
}
