package dev.throughline.transport;

/** The receiver of an attempt's result: one call, on the attempt's event loop, possibly before {@link Transport#start} returns. */
public interface ConnectResult {
    /** The connection is open. */
    void opened(UpstreamConnection connection);

    /** There is no connection; for example, the attempt was given up. */
    void failed(ConnectFailedException why);
}
