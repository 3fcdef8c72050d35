package dev.throughline.identify;

import dev.throughline.header.Tuple;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A separate process with one connection to this one as descriptor 3, over which it reports that it is ready. */
record Application(Process process, Socket accepted) implements AutoCloseable {
    /**
     * Runs {@code script} in bash after it has connected. The script says "ready" on descriptor 3.
     *
     * @param wrapper command that runs bash, possibly empty
     */
    static Application run(List<String> wrapper, String bash, String script) throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            listener.setSoTimeout(20_000);
            List<String> command = new ArrayList<>(wrapper);
            command.addAll(
                    List.of(bash, "-c", "exec 3<>/dev/tcp/127.0.0.1/" + listener.getLocalPort() + "; " + script));
            Process process = new ProcessBuilder(command).inheritIO().start();
            Application application = new Application(process, listener.accept());
            application.awaitReady();
            return application;
        }
    }

    static Application run(String script) throws IOException {
        return run(List.of(), "/bin/bash", script);
    }

    Tuple tuple() {
        return Tuple.tcp((InetSocketAddress) accepted.getRemoteSocketAddress(), (InetSocketAddress)
                accepted.getLocalSocketAddress());
    }

    int pid() {
        return (int) process.pid();
    }

    private void awaitReady() throws IOException {
        accepted.setSoTimeout(20_000);
        String line =
                new BufferedReader(new InputStreamReader(accepted.getInputStream(), StandardCharsets.UTF_8)).readLine();
        if (!"ready".equals(line)) {
            throw new IOException("the application said " + line);
        }
    }

    @Override
    public void close() throws IOException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.onExit().join();
        accepted.close();
    }
}
