package dev.throughline.tests;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.time.Duration;

/** One end of a flow: a TCP connection, or the Unix socket of an agent. Both have the same operations. */
sealed interface FlowEnd extends AutoCloseable {
    InputStream input() throws IOException;

    OutputStream output() throws IOException;

    /** Ends this direction; the other one continues. */
    void finish() throws IOException;

    /** Gives up the connection: a reset, or what replaces it on a Unix socket. */
    void reset() throws IOException;

    /** Reads to the end and returns whether the connection was cut instead of ended. Sends a byte if only that shows it. */
    boolean isReset() throws IOException;

    /** Returns the source address of the flow, as the hop logs it. */
    InetSocketAddress source();

    @Override
    void close() throws IOException;

    default FlowEnd send(byte[] bytes) throws IOException {
        output().write(bytes);
        return this;
    }

    default byte[] receive(int count) throws IOException {
        byte[] bytes = input().readNBytes(count);
        if (bytes.length < count) {
            throw new IOException("the connection ended after " + bytes.length + " of " + count + " bytes");
        }
        return bytes;
    }

    default byte[] rest() throws IOException {
        return input().readAllBytes();
    }

    /** Waits until a write fails. After the end of the input, only a write shows that the connection was cut. */
    default void awaitWriteFailure() {
        await("a write fails")
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(2))
                .until(() -> {
                    try {
                        send(new byte[1]);
                        return false;
                    } catch (IOException e) {
                        return true;
                    }
                });
    }

    record Tcp(End end) implements FlowEnd {
        @Override
        public InputStream input() throws IOException {
            return end.input();
        }

        @Override
        public OutputStream output() throws IOException {
            return end.output();
        }

        @Override
        public void finish() throws IOException {
            end.finish();
        }

        @Override
        public void reset() throws IOException {
            end.reset();
        }

        @Override
        public boolean isReset() throws IOException {
            return end.isReset();
        }

        @Override
        public InetSocketAddress source() {
            return end.local();
        }

        @Override
        public void close() throws IOException {
            end.close();
        }
    }

    /**
     * The end of an agent. A Unix socket has no reset (BRIDGE.md, section 4): either side gives up by closing without having ended its
     * direction. To the agent that shows as an end after which it can't write.
     *
     * @param source the source of the flow that it handed over
     */
    record Agent(BridgeAgent agent, InetSocketAddress source) implements FlowEnd {
        @Override
        public InputStream input() {
            return Channels.newInputStream(agent.socket());
        }

        @Override
        public OutputStream output() {
            return Channels.newOutputStream(agent.socket());
        }

        @Override
        public void finish() throws IOException {
            agent.finish();
        }

        @Override
        public void reset() throws IOException {
            agent.close();
        }

        @Override
        public boolean isReset() {
            try {
                input().transferTo(OutputStream.nullOutputStream());
                agent.send(new byte[1]);
                return false;
            } catch (IOException e) {
                return true;
            }
        }

        @Override
        public void close() throws IOException {
            agent.close();
        }
    }
}
