package dev.throughline.demo.emulator;

import dev.throughline.bridge.BridgeRequest;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Settings;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import io.netty.util.concurrent.Future;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** A reader of a hop's request. It reads nothing from a user who isn't allowed, according to the kernel. */
final class RequestHandler implements ConnectionEvents {
    private static final HeaderReader READER = new HeaderReader(HeaderLimits.NORMAL);

    private final Connection hop;
    private final Settings settings;
    private final BiConsumer<Connection, BridgeRequest> asked;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final Future<?> deadline;
    private boolean over;

    RequestHandler(Connection hop, Settings settings, BiConsumer<Connection, BridgeRequest> asked) {
        this.hop = hop;
        this.settings = settings;
        this.asked = asked;
        this.deadline =
                hop.loop().schedule(this::refuse, settings.requestTimeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    void start() {
        try {
            if (hop.peerProcess().uid() == settings.user()) {
                hop.events(this);
                readable();
                return;
            }
        } catch (IOException e) {
            // A peer that the kernel doesn't identify isn't allowed.
        }
        end();
        Answers.fail(hop, "hop-not-allowed");
    }

    @Override
    public void readable() {
        try {
            while (!over) {
                ByteBuffer data = LoopBuffer.empty();
                int length = hop.read(data);
                if (length < 0) {
                    refuse();
                }
                if (length <= 0) {
                    return;
                }
                byte[] bytes = new byte[data.flip().remaining()];
                data.get(bytes);
                received.writeBytes(bytes);
                received();
            }
        } catch (IOException e) {
            lost(e);
        }
    }

    private void received() {
        byte[] all = received.toByteArray();
        switch (READER.read(all, all.length)) {
            case ReadResult.NeedMore more -> {}
            case ReadResult.Malformed malformed -> refuse();
            // A hop sends no byte of the flow before it knows that there is a connection.
            case ReadResult.Complete complete
            when complete.header().raw().length() == all.length
                    && BridgeRequest.read(complete.header()) instanceof BridgeRequest.Read.Found(BridgeRequest it) -> {
                end();
                asked.accept(hop, it);
            }
            case ReadResult.Complete complete -> refuse();
        }
    }

    @Override
    public void lost(IOException how) {
        end();
        hop.close();
    }

    private void refuse() {
        if (!over) {
            end();
            Answers.fail(hop, "request-malformed");
        }
    }

    private void end() {
        over = true;
        deadline.cancel(false);
    }
}
