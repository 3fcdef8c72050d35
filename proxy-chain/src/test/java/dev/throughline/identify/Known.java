package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import dev.throughline.header.Bytes;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.PinnedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/** Compares the identity of an application with the output of system commands. */
final class Known {
    static final CommandLineHash COMMAND_LINES = new CommandLineHash(Bytes.ofHex("5c".repeat(32)));

    private Known() {}

    /** Reads without a timeout. */
    static BoundedReads reads() {
        return new BoundedReads("read", Duration.ofSeconds(20));
    }

    /** The executable at a path of this process's. */
    static ExecutableFile file(Path path) throws IOException {
        try (PinnedFile file = PinnedFile.open(path.toString())) {
            return ExecutableFile.of(file);
        }
    }

    /** Its file system. */
    static Mounts.FileSystem fileSystem(Path path) throws IOException {
        try (PinnedFile file = PinnedFile.open(path.toString())) {
            return ExecutableFile.of(file).fileSystem("self").orElseThrow();
        }
    }

    /** The kernel's name for it. */
    static ExecutableId id(Path path) throws IOException {
        return ExecutableId.of(file(path), fileSystem(path));
    }

    /** Asserts the facts that don't depend on the evidence. */
    static void assertAllOf(Application application, ProcessIdentity who) throws Exception {
        Path proc = Path.of("/proc/" + application.pid());
        assertThat(who.code().file().orElseThrow())
                .hasToString(said(
                        "stat", "-L", "-c", "%Hd:%Ld:%i", proc.resolve("exe").toString()));
        assertThat(who.code().state()).isEmpty();
        assertThat(who.workload().namespaces().network()).hasValue(namespace(proc, "net"));
        assertThat(who.workload().namespaces().pid()).hasValue(namespace(proc, "pid"));
        assertThat(who.processContext().parent()).contains(OwnProcess.id());
        assertThat(who.processContext().commandLineHash()).isEqualTo(COMMAND_LINES.of(proc.resolve("cmdline")));
        assertThat(who.processContext().commandLineHash()).isPresent();
        assertThat(who.processContext().audit().user()).isEqualTo(auditId("loginuid"));
        assertThat(who.processContext().audit().session()).isEqualTo(auditId("sessionid"));
    }

    private static long namespace(Path proc, String kind) throws Exception {
        return Long.parseLong(
                said("stat", "-L", "-c", "%i", proc.resolve("ns/" + kind).toString()));
    }

    /** A child inherits from its parent. */
    private static OptionalLong auditId(String file) throws IOException {
        Path path = Path.of("/proc/self/" + file);
        return Files.exists(path) ? ProcText.auditId(Files.readString(path)) : OptionalLong.empty();
    }

    private static String said(String... command) throws Exception {
        Process process = new ProcessBuilder(command).start();
        List<String> lines = Splitter.on('\n')
                .omitEmptyStrings()
                .splitToList(
                        new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8));
        assertThat(process.waitFor()).isZero();
        return lines.getFirst();
    }
}
