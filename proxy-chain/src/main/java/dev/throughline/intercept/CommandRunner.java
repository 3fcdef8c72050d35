package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.platform.linux.Capability;
import dev.throughline.platform.linux.ScratchFile;
import dev.throughline.platform.linux.SearchPath;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A runner for programs of the system, with a timeout.
 *
 * @param within command prefix that runs the program in another network namespace; usually empty
 */
record CommandRunner(Duration patience, ImmutableList<String> within) {
    private static final Map<String, String> PACKAGES =
            Map.of("nft", "nftables", "ip", "iproute2", "unshare", "util-linux");

    /** The result of a program: its exit code and both outputs. */
    record Result(int code, String output, String error) {
        ImmutableList<String> lines() {
            return output.lines().collect(ImmutableList.toImmutableList());
        }
    }

    /**
     * Runs a program that should succeed.
     *
     * @throws IOException with the program's message if it fails, takes too long, or isn't installed
     */
    Result run(List<String> command, String input) throws IOException {
        Result result = attempt(command, input);
        if (result.code() != 0) {
            throw failure(command, result.code(), result.error());
        }
        return result;
    }

    /** Runs a program that may fail. */
    Result attempt(List<String> command, String input) throws IOException {
        try (ScratchFile output = ScratchFile.make(".out");
                ScratchFile error = ScratchFile.make(".err")) {
            Process process = start(command, output, error);
            try (OutputStream stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                // A program that exits before reading its input reports the reason itself.
            }
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IOException("%s: killed, as it was still running after %d s"
                        .formatted(String.join(" ", command), patience.toSeconds()));
            }
            return new Result(process.exitValue(), output.text(), error.text());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted during " + String.join(" ", command));
        }
    }

    Process start(List<String> command, ScratchFile output, ScratchFile error) throws IOException {
        List<String> whole = new ArrayList<>(within);
        whole.addAll(command);
        whole.set(0, find(whole.getFirst()));
        ProcessBuilder builder = new ProcessBuilder(whole)
                .redirectOutput(output.path().toFile())
                .redirectError(error.path().toFile());
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("PATH", SearchPath.value());
        return builder.start();
    }

    /** Java looks a program up in the PATH of this process, not in that of the program's environment. */
    private static String find(String program) throws IOException {
        return SearchPath.find(program)
                .map(Path::toString)
                .orElseThrow(() -> new IOException("%s is not installed (apt-get install %s)"
                        .formatted(program, PACKAGES.getOrDefault(program, program))));
    }

    static IOException failure(List<String> command, int code, String error) {
        return new IOException("%s: exit code %d: %s%s"
                .formatted(String.join(" ", command), code, error.strip(), Capability.hint(error)));
    }
}
