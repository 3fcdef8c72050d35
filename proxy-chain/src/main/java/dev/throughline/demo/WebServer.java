package dev.throughline.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/** A real web server, the JDK's jwebserver. */
final class WebServer implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    private WebServer(Process process) {
        this.process = process;
        this.output = process.inputReader();
    }

    /** Starts the server with {@code command} for the files in {@code folder}. */
    static WebServer start(Function<List<String>, ProcessBuilder> command, String address, int port, Path folder)
            throws IOException {
        return new WebServer(command.apply(List.of(
                        ProgramCommand.java(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-m",
                        "jdk.httpserver",
                        "-b",
                        address,
                        "-p",
                        Integer.toString(port),
                        "-d",
                        folder.toString(),
                        "-o",
                        "info"))
                .redirectErrorStream(true)
                .start());
    }

    /** Waits until the server accepts connections. */
    void ready() throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("URL")) {
                return;
            }
        }
        throw new IOException("the web server did not start: does this Java have the module jdk.httpserver?");
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
