package dev.throughline.bench.compare;

import java.io.IOException;

/** The kinds of load, each with the number of connections at once. */
enum Workload {
    CONNECTIONS_16("connections, 16 at once", 16, "connect"),
    REQUESTS_16("64 B request/response, 16 connections", 16, "echo"),
    REQUESTS_1("64 B request/response, 1 connection", 1, "echo"),
    DOWNLOAD_16("download, 16 connections", 16, "download"),
    DOWNLOAD_1("download, 1 connection", 1, "download"),
    UPLOAD_16("upload, 16 connections", 16, "upload"),
    UPLOAD_1("upload, 1 connection", 1, "upload");

    /** The hop may still close and log the last flows when the client has closed them. */
    private static final int SETTLE_MILLIS = 20;

    private final String label;
    private final int connections;
    private final String verb;

    Workload(String label, int connections, String verb) {
        this.label = label;
        this.connections = connections;
        this.verb = verb;
    }

    String label() {
        return label;
    }

    boolean isBulk() {
        return verb.equals("download") || verb.equals("upload");
    }

    /** Runs the load through a chain. What isn't measured, such as opening the connections of a bulk transfer, is outside of the window. */
    Window run(Load load, Chain chain, int millis) throws IOException {
        try {
            return this == CONNECTIONS_16 ? connect(load, chain, millis) : use(load, chain, millis);
        } catch (IOException e) {
            throw new IOException(chain.plan().name() + ", " + label + ": " + e.getMessage(), e);
        }
    }

    private Window connect(Load load, Chain chain, int millis) throws IOException {
        ProcessUsage before = chain.usage();
        LoadResult result = load.connect(chain.plan().port(), connections, millis);
        Pause.millis(SETTLE_MILLIS);
        return new Window(this, result, chain.usage().minus(before));
    }

    private Window use(Load load, Chain chain, int millis) throws IOException {
        load.open(chain.plan().port(), connections);
        Pause.millis(SETTLE_MILLIS);
        ProcessUsage before = chain.usage();
        LoadResult result = load.use(verb, millis);
        Window window = new Window(this, result, chain.usage().minus(before));
        load.close();
        return window;
    }
}
