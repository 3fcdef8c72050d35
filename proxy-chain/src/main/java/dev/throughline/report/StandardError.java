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
 * Standard error of a process that must not wait for its reader. Without it, one message to a full pipe that nobody reads
 * stops the thread that logs it, and all others at the lock of the log, the admin interface and the end on SIGTERM
 * included.
 */
public final class StandardError {
    private static final int MAX_BYTES = 1 << 20;
    private static final int MAX_LINE_BYTES = 64 << 10;
    private static final Logger LOG = LoggerFactory.getLogger(StandardError.class);

    private static volatile @Nullable OutputWriter installed;

    private StandardError() {}

    /**
     * Replaces {@link System#err}, which the log writes to as well, until the process ends. At its end, what waits is
     * written, as far as it is taken within two seconds.
     */
    public static synchronized void install() {
        if (installed != null) {
            return;
        }
        OutputWriter writer = OutputWriter.start(
                "standard-error",
                new FileOutputStream(FileDescriptor.err).getChannel(),
                MAX_BYTES,
                new OutputWriter.Listener() {
                    @Override
                    public void failed(String why) {
                        // There is nowhere to say it; the metrics count it.
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

    /** Writes what waits, as far as it is taken within two seconds. Later messages are lost. */
    public static void close() {
        OutputWriter writer = installed;
        if (writer != null) {
            writer.close();
        }
    }

    /** How many messages were lost so far, since nobody read them or they could not be written. */
    public static long dropped() {
        OutputWriter writer = installed;
        return writer == null ? 0 : writer.dropped();
    }

    /** Hands over whole lines, as many as come at once. {@link PrintStream} calls it under a lock. */
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
