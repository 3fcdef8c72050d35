package dev.throughline.os;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file in the folder for temporary files, of its own random name and with mode 0600, for what another program reads or writes. */
public final class ScratchFile implements AutoCloseable {
    private final Path path;

    private ScratchFile(Path path) {
        this.path = path;
    }

    /** Makes one whose name ends in {@code suffix}. */
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
