package dev.throughline.tests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** One end of a TCP connection that a test controls. Waits for the other end have a timeout of ten seconds. */
final class End implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 10_000;

    private final Socket socket;
    private final InetSocketAddress local;
    private final InetSocketAddress remote;

    End(Socket socket) throws IOException {
        this.socket = socket;
        this.local = (InetSocketAddress) socket.getLocalSocketAddress();
        this.remote = (InetSocketAddress) socket.getRemoteSocketAddress();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
    }

    static End connect(InetSocketAddress to) throws IOException {
        return connect(Optional.empty(), to, 0);
    }

    /** Connects from a given address and port, which other sockets may use towards other destinations. */
    static End connect(InetSocketAddress from, InetSocketAddress to) throws IOException {
        return connect(Optional.of(from), to, 0);
    }

    /** Connects with an SO_MARK, unless it is 0. */
    static End connect(Optional<InetSocketAddress> from, InetSocketAddress to, int mark) throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            if (mark != 0) {
                SocketMark.set(channel, mark);
            }
            if (from.isPresent()) {
                channel.setOption(java.net.StandardSocketOptions.SO_REUSEADDR, true);
                channel.bind(from.get());
            }
            channel.socket().connect(to, PATIENCE_MILLIS);
            return new End(channel.socket());
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Returns whether a connection is refused, or accepted and reset before a byte is sent. */
    static boolean isRefused(Optional<InetSocketAddress> from, InetSocketAddress to, int mark) throws IOException {
        try (End end = connect(from, to, mark)) {
            return end.isReset();
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (SocketException e) {
            return true;
        }
    }

    InetSocketAddress local() {
        return local;
    }

    InetSocketAddress remote() {
        return remote;
    }

    End send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    End send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends, and ignores a failure if the other end has closed the connection; reads then show it. */
    boolean isSent(byte[] bytes) throws IOException {
        try {
            send(bytes);
            return true;
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).matches("Connection reset.*|Broken pipe.*")) {
                return false;
            }
            throw e;
        }
    }

    /** Ends the output; the other direction stays open. */
    End finish() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    /** Returns exactly {@code count} bytes. */
    byte[] receive(int count) throws IOException {
        byte[] bytes = socket.getInputStream().readNBytes(count);
        if (bytes.length < count) {
            throw new IOException("the other end finished after " + bytes.length + " of " + count + " bytes");
        }
        return bytes;
    }

    String receiveText(int count) throws IOException {
        return new String(receive(count), StandardCharsets.UTF_8);
    }

    /** Returns all bytes until the other end finishes. */
    byte[] rest() throws IOException {
        return socket.getInputStream().readAllBytes();
    }

    String restText() throws IOException {
        return new String(rest(), StandardCharsets.UTF_8);
    }

    /** Waits for the end and returns whether it is a reset, or the kernel's abort; what arrives before that is dropped. */
    boolean isReset() throws IOException {
        try {
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
            return false;
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (SocketException e) {
            return true;
        } catch (IOException e) {
            // The JDK has no separate type for ECONNABORTED.
            if (String.valueOf(e.getMessage()).contains("connection abort")) {
                return true;
            }
            throw e;
        }
    }

    /** Returns whether the other end has closed or reset the connection within {@code millis}. */
    boolean isOverWithin(int millis) throws IOException {
        socket.setSoTimeout(millis);
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (SocketException e) {
            return true;
        } finally {
            if (!socket.isClosed()) {
                socket.setSoTimeout(PATIENCE_MILLIS);
            }
        }
    }

    InputStream input() throws IOException {
        return socket.getInputStream();
    }

    OutputStream output() throws IOException {
        return socket.getOutputStream();
    }

    Socket socket() {
        return socket;
    }

    /** Resets the connection. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
