package dev.throughline.platform.linux;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Access to kernel settings (proc_sys(5)). */
public final class Sysctl {
    private static final int MAX_BYTES = 64 << 10;

    private Sysctl() {}

    /**
     * Reads one value without its line feed. Uses a single read(2), because the kernel returns nothing from the middle
     * of a value.
     *
     * @param file path below /proc/sys
     * @throws IOException if it doesn't exist or can't be read
     */
    public static String read(Path file) throws IOException {
        byte[] bytes = new byte[MAX_BYTES];
        try (FileInputStream value = new FileInputStream(file.toFile())) {
            int count = value.read(bytes);
            return new String(bytes, 0, Math.max(0, count), StandardCharsets.US_ASCII).strip();
        }
    }
}
