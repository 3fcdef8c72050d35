package dev.throughline.demo;

import com.google.common.collect.ImmutableList;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The process that keeps a network namespace alive. When its standard input ends, it kills every other process in the
 * namespace and exits, and the kernel removes the namespace with its interfaces. Its input is a pipe from this JVM, so
 * this also happens if the JVM is killed. It ignores terminal signals, so that Ctrl-C doesn't end it first.
 *
 * <p>A pid namespace would kill the processes automatically, but without one process ids are the same inside and
 * outside, so that a hop's report can be compared with the process, and signals reach a command directly.
 */
final class Holder {
    private static final String SCRIPT = """
            trap '' HUP INT QUIT TERM
            ip link set lo up || exit 1
            echo ready
            while read -r ignored; do :; done
            found=1
            while [ "$found" ]; do
              found=
              for process in /proc/[0-9]*; do
                pid=${process#/proc/}
                if [ "$pid" != $$ ] && [ "$process/ns/net" -ef /proc/$$/ns/net ]; then
                  kill -KILL "$pid" 2>/dev/null && found=1
                fi
              done
            done
            """;

    private final Process process;

    private Holder(Process process) {
        this.process = process;
    }

    /**
     * Starts a holder.
     *
     * @param unshare command prefix that creates the namespace and runs the following command in it
     * @throws IOException with the message of the failed program
     */
    static Holder start(List<String> unshare) throws IOException {
        List<String> command =
                Stream.concat(unshare.stream(), Stream.of("sh", "-c", SCRIPT)).toList();
        // Output before "ready" consists of error messages.
        Process process = builder(command).redirectErrorStream(true).start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        String line = output.readLine();
        if ("ready".equals(line)) {
            return new Holder(process);
        }
        process.destroyForcibly();
        throw new IOException(line == null ? unshare.getFirst() + " ended without a message" : line);
    }

    /** Returns a process builder with the administrators' directories in PATH, which users may lack. */
    static ProcessBuilder builder(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("PATH", path());
        return builder;
    }

    static String path() {
        return Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin") + ":/usr/sbin:/sbin";
    }

    /** Returns the command prefix that runs a program in this network namespace, with all privileges over it. */
    ImmutableList<String> enter(boolean ownUsers) {
        String pid = Long.toString(process.pid());
        return ownUsers
                ? ImmutableList.of("nsenter", "--preserve-credentials", "-t", pid, "-U", "-n", "--")
                : ImmutableList.of("nsenter", "-t", pid, "-n", "--");
    }

    long pid() {
        return process.pid();
    }

    /** Ends the namespace and waits until all its processes have ended. */
    void end() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(
                        "processes in a network namespace were not killed: its holder was " + process.pid());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
