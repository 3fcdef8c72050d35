package dev.throughline.bench.compare;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;

/** The processes of {@link LoadGenerator} and {@link Backend}, and the commands to the former. */
final class Load {
    private final BufferedReader answers;
    private final Writer commands;
    private final int backendPort;

    Load(Children children) throws IOException {
        backendPort = Integer.parseInt(
                children.start(java(Backend.class)).inputReader().readLine());
        Process generator = children.start(java(LoadGenerator.class));
        answers = generator.inputReader();
        commands = generator.outputWriter();
    }

    private static ProcessBuilder java(Class<?> main) {
        List<String> command = new ArrayList<>(
                List.of(System.getProperty("java.home") + "/bin/java", "-XX:+UseSerialGC", "-Xmx256m", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    }

    int backendPort() {
        return backendPort;
    }

    /** Opens connections that stay open until {@link #close}. */
    LoadResult open(int port, int connections) throws IOException {
        return command("open " + port + " " + connections);
    }

    /** Opens and closes connections, {@code atOnce} at a time. */
    LoadResult connect(int port, int atOnce, int millis) throws IOException {
        return command("connect " + port + " " + atOnce + " " + millis);
    }

    /** Uses all open connections: {@code echo}, {@code download} or {@code upload}. */
    LoadResult use(String verb, int millis) throws IOException {
        return command(verb + " " + millis);
    }

    /** Closes all open connections. */
    void close() throws IOException {
        command("close");
    }

    private LoadResult command(String line) throws IOException {
        commands.write(line + "\n");
        commands.flush();
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("the load generator ended during: " + line);
        }
        return LoadResult.parse(answer);
    }
}
