package dev.throughline.intercept;

import dev.throughline.platform.linux.Capability;
import dev.throughline.platform.linux.ScratchFile;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A lease on an nft table that exists only as long as this process. A netlink socket owns the table, and the kernel
 * removes it when the socket closes. The socket belongs to this process or, without libnftables, to a child {@code nft
 * -i} that reads from a pipe and ends when the pipe breaks.
 */
public final class TableLease implements AutoCloseable {
    /** The removal of everything that must be removed after the table. */
    interface Rest {
        void remove() throws IOException;
    }

    private final BooleanSupplier alive;
    private final Rest end;
    private final Rest rest;

    private TableLease(BooleanSupplier alive, Rest end, Rest rest) {
        this.alive = alive;
        this.end = end;
        this.rest = rest;
    }

    /** Creates a lease on a table that this process owns. */
    static TableLease of(BooleanSupplier alive, Rest end, Rest rest) {
        return new TableLease(alive, end, rest);
    }

    static TableLease install(String script, String table, CommandRunner programs, Rest rest) throws IOException {
        // Interactive nft accepts one command per line; an included file may have many.
        try (ScratchFile file = ScratchFile.make(".nft");
                ScratchFile output = ScratchFile.make(".out");
                ScratchFile error = ScratchFile.make(".err")) {
            // Checked by a separate nft first, because interactive nft only prints errors.
            programs.run(List.of("nft", "-c", "-f", "-"), script);
            file.write(script);
            Process nft = programs.start(List.of("nft", "-i"), output, error);
            TableLease held = new TableLease(nft::isAlive, () -> end(nft), rest);
            Writer commands = nft.outputWriter();
            commands.write("include \"%s\"\n".formatted(file.path()));
            commands.flush();
            held.await(table, programs, error);
            return held;
        }
    }

    /** Returns whether the rules are still installed; if not, connections pass unproxied. */
    public boolean isAlive() {
        return alive.getAsBoolean();
    }

    @Override
    public void close() throws IOException {
        end.remove();
        rest.remove();
    }

    private void await(String table, CommandRunner programs, ScratchFile error) throws IOException {
        long deadline = System.nanoTime() + programs.patience().toNanos();
        while (!isInstalled(table, programs)) {
            String words = error.text();
            if (!words.isBlank() || !isAlive() || System.nanoTime() > deadline) {
                close();
                throw new IOException("nft -i did not install table inet %s: %s%s"
                        .formatted(table, words.strip(), Capability.hint(words)));
            }
        }
    }

    private boolean isInstalled(String table, CommandRunner programs) throws IOException {
        return programs.attempt(List.of("nft", "-s", "list", "table", "inet", table), "")
                .output()
                .contains("flags owner");
    }

    private static void end(Process nft) throws IOException {
        nft.getOutputStream().close();
        try {
            if (!nft.waitFor(2, TimeUnit.SECONDS)) {
                nft.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            nft.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
