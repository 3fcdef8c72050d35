package dev.throughline.intercept;

import dev.throughline.os.Capability;
import dev.throughline.os.ScratchFile;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A lease on an nft table that is bound to this process. The table belongs to a netlink socket, with which the kernel removes
 * it: one of this process, or, without libnftables, that of an {@code nft -i} which reads from a pipe of ours. The pipe breaks
 * when this process ends, then nft ends.
 */
public final class TableLease implements AutoCloseable {
    /** What must go after the table. */
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

    /** Rules that this process itself owns. */
    static TableLease of(BooleanSupplier alive, Rest end, Rest rest) {
        return new TableLease(alive, end, rest);
    }

    static TableLease install(String script, String table, CommandRunner programs, Rest rest) throws IOException {
        // Interactive nft takes one command a line; a file may have many.
        try (ScratchFile file = ScratchFile.make(".nft");
                ScratchFile output = ScratchFile.make(".out");
                ScratchFile error = ScratchFile.make(".err")) {
            // Judged first, and by itself: interactive nft only prints its errors.
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

    /** Whether the rules are still held; if not, connections pass unproxied. */
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
