package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeAnswer.AgentNotice.Limits;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Bytes;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;

/** An agent that a test controls: it sends only the test's answers. */
record ScriptedAgent(ServerSocketChannel socket) implements AutoCloseable {
    /** Starts an agent whose queue holds one connection more than {@code queue}. */
    static ScriptedAgent at(Path path, int queue) throws IOException {
        return new ScriptedAgent(
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path), queue));
    }

    /** Returns the next connection, before anything is read from it. */
    BridgeAgent accept() throws IOException {
        return new BridgeAgent(socket.accept());
    }

    /** Returns the next connection, and asserts its request. */
    BridgeAgent accept(BridgeRequest expected) throws IOException {
        BridgeAgent hop = accept();
        Bytes bytes = expected.encode();
        assertThat(Bytes.copyOf(hop.receive(bytes.length()))).isEqualTo(bytes);
        return hop;
    }

    /** Returns the connection that watches the limits, after sending free slots. */
    BridgeAgent acceptWatch() throws IOException {
        BridgeAgent watch = accept(new BridgeRequest.Watch());
        say(watch, new Limits(0, 0, 0));
        return watch;
    }

    static void say(BridgeAgent hop, BridgeAnswer answer) throws IOException {
        hop.send(answer.encode().toByteArray());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
