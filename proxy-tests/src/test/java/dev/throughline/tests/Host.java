package dev.throughline.tests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** An environment for commands: the host itself, or a network namespace. */
interface Host {
    Host THIS = ProcessBuilder::new;

    ProcessBuilder command(List<String> command);

    /** Runs a command to its end, and returns its output; fails with its error output. */
    default String run(List<String> command) throws IOException {
        Process process = command(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.onExit().join().exitValue();
        if (code != 0) {
            throw new IOException(String.join(" ", command) + ": exit code " + code + ": " + output.strip());
        }
        return output;
    }
}
