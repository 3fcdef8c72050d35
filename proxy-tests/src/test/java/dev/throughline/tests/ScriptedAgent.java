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

/** An agent in a test's hands: it says nothing that the test doesn't say. */
record ScriptedAgent(ServerSocketChannel socket) implements AutoCloseable {
    /** Its queue holds one connection more than {@code queue}. */
    static ScriptedAgent at(Path path, int queue) throws IOException {
        return new ScriptedAgent(
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path), queue));
    }

    /** Returns the next connection, before any byte of it is read. */
    BridgeAgent accept() throws IOException {
        return new BridgeAgent(socket.accept());
    }

    /** The next connection, and what it asks. */
    BridgeAgent accept(BridgeRequest expected) throws IOException {
        BridgeAgent hop = accept();
        Bytes bytes = expected.encode();
        assertThat(Bytes.copyOf(hop.receive(bytes.length()))).isEqualTo(bytes);
        return hop;
    }

    /** Accepts the watch connection and reports free slots on it. */
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
