package dev.throughline.platform.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A temporary file with a random name and mode 0600, for exchanging data with another program. */
public final class ScratchFile implements AutoCloseable {
    private final Path path;

    private ScratchFile(Path path) {
        this.path = path;
    }

    /** Creates a file whose name ends in {@code suffix}. */
    public static ScratchFile make(String suffix) throws IOException {
        return new ScratchFile(Files.createTempFile("throughline", suffix));
    }

    public Path path() {
        return path;
    }

    public String text() throws IOException {
        return Files.readString(path);
    }

    public void write(String text) throws IOException {
        Files.writeString(path, text);
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(path);
    }
}
