package dev.throughline.os;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Values of the kernel's settings (proc_sys(5)). */
public final class Sysctl {
    private static final int MAX_BYTES = 64 << 10;

    private Sysctl() {}

    /**
     * Reads one value, without the line's end. In one read(2): the kernel gives nothing from the middle of a value, so that a reader
     * who begins with one byte gets its first digit only.
     *
     * @param file below /proc/sys
     * @throws IOException if it isn't there or can't be read
     */
    public static String read(Path file) throws IOException {
        byte[] bytes = new byte[MAX_BYTES];
        try (FileInputStream value = new FileInputStream(file.toFile())) {
            int count = value.read(bytes);
            return new String(bytes, 0, Math.max(0, count), StandardCharsets.US_ASCII).strip();
        }
    }
}
