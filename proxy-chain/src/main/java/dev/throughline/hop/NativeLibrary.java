package dev.throughline.hop;

import dev.throughline.platform.linux.CodeFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The choice of the directory to which Netty unpacks its native library: the temporary directory unless that is
 * read-only, full, missing or mounted noexec. Netty loads the library once, so the directory must be chosen before.
 */
final class NativeLibrary {
    private static final Logger LOG = LoggerFactory.getLogger(NativeLibrary.class);
    private static final String WORK_FOLDER = "io.netty.native.workdir";

    private NativeLibrary() {}

    /**
     * Chooses a directory.
     *
     * @throws IOException if none is usable; the message says which option to set
     */
    static synchronized void prepare() throws IOException {
        Optional<String> chosen = Optional.ofNullable(System.getProperty(WORK_FOLDER));
        List<String> objections = new ArrayList<>();
        for (String folder : chosen.map(Set::of).orElseGet(NativeLibrary::candidates)) {
            Optional<String> objection = CodeFolder.objection(Path.of(folder));
            if (objection.isEmpty()) {
                if (!objections.isEmpty()) {
                    LOG.info("unpacked Netty's native library to {}: {}", folder, String.join("; ", objections));
                    System.setProperty(WORK_FOLDER, folder);
                }
                return;
            }
            objections.add(folder + ": " + objection.get());
        }
        throw new IOException("can't unpack Netty's native library to any directory (" + String.join("; ", objections)
                + "): set one that is writable and not mounted noexec by"
                + " THROUGHLINE_JAVA_OPTS=-D" + WORK_FOLDER + "=FOLDER");
    }

    /** Returns the directories in order of preference: the default, those of systemd and the session, and one in memory. */
    private static Set<String> candidates() {
        Set<String> folders = new LinkedHashSet<>();
        folders.add(System.getProperty("java.io.tmpdir", "/tmp"));
        for (String variable : List.of("RUNTIME_DIRECTORY", "CACHE_DIRECTORY", "STATE_DIRECTORY", "XDG_RUNTIME_DIR")) {
            Optional.ofNullable(System.getenv(variable))
                    .filter(value -> !value.isEmpty())
                    // systemd separates several with colons (systemd.exec(5)).
                    .map(value -> value.split(":", 2)[0])
                    .ifPresent(folders::add);
        }
        folders.addAll(List.of("/dev/shm", "/var/tmp", "/run"));
        return folders;
    }
}
