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
 * The process that keeps a network namespace in being, and its last one: when its standard input ends, it kills every
 * process in the namespace, and the namespace vanishes with all its interfaces. Its input is a pipe of this JVM, so that
 * this also happens when the JVM is killed; it ignores the signals of a terminal, so that Ctrl-C doesn't end it first.
 *
 * <p>There is no PID namespace, which would do the killing by itself: process ids mean the same inside and outside, so
 * that what a hop says of a process can be compared with the process, and signals reach a command directly.
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
     * @param unshare the command that makes the namespace and runs what comes after it
     * @throws IOException in the words of the program that refused
     */
    static Holder start(List<String> unshare) throws IOException {
        List<String> command =
                Stream.concat(unshare.stream(), Stream.of("sh", "-c", SCRIPT)).toList();
        // Before "ready" there are only complaints.
        Process process = builder(command).redirectErrorStream(true).start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        String line = output.readLine();
        if ("ready".equals(line)) {
            return new Holder(process);
        }
        process.destroyForcibly();
        throw new IOException(line == null ? unshare.getFirst() + " ended without a word" : line);
    }

    /** A builder that finds the programs of an administrator, which are not in the path of every user. */
    static ProcessBuilder builder(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("PATH", path());
        return builder;
    }

    static String path() {
        return Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin") + ":/usr/sbin:/sbin";
    }

    /** The command prefix that runs a program in this network namespace, with all rights over it. */
    ImmutableList<String> enter(boolean ownUsers) {
        String pid = Long.toString(process.pid());
        return ownUsers
                ? ImmutableList.of("nsenter", "--preserve-credentials", "-t", pid, "-U", "-n", "--")
                : ImmutableList.of("nsenter", "-t", pid, "-n", "--");
    }

    long pid() {
        return process.pid();
    }

    /** Ends the namespace, and returns when all its processes are gone. */
    void end() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("processes in a network namespace survive: its holder was " + process.pid());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
