package dev.throughline.engine.epoll;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.Pipe;
import dev.throughline.relay.Wire;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EpollPipeTest {
    private static final int PIPES = 2;
    private static final int KIB = 1 << 10;

    private Wire wire;
    private Wire.Pair source;
    private Wire.Pair destination;

    @BeforeEach
    void connect() throws Exception {
        wire = new Wire(new EpollEngine(PIPES));
        source = wire.pair();
        destination = wire.pair();
    }

    @AfterEach
    void close() throws Exception {
        wire.close();
    }

    private Pipe pipe() throws Exception {
        return wire.onLoop(this::newPipe).orElseThrow();
    }

    private Optional<Pipe> newPipe() {
        return source.connection().pipeTo(destination.connection());
    }

    /** Sends {@code bytes} to the source, and waits until its kernel has them. */
    private void receive(byte[] bytes) throws Exception {
        CountDownLatch readable = new CountDownLatch(1);
        wire.onLoop(() -> {
            source.connection().events(new ConnectionEvents() {
                @Override
                public void readable() {
                    readable.countDown();
                }
            });
            return true;
        });
        source.socket().getOutputStream().write(bytes);
        readable.await();
    }

    private static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i / 7);
        }
        return bytes;
    }

    /** Fills and drains the pipe until {@code length} bytes have moved. Returns the most that one call moved into it. */
    private int move(Pipe pipe, int length) throws Exception {
        int most = 0;
        int moved = 0;
        while (moved < length) {
            int filled = fillOnce(pipe);
            moved += filled;
            most = Math.max(most, filled);
        }
        return most;
    }

    @Test
    void movesBytesInOrder() throws Exception {
        byte[] sent = pattern(100 * KIB);
        receive(sent);
        Pipe pipe = pipe();
        move(pipe, sent.length);
        assertThat(destination.socket().getInputStream().readNBytes(sent.length))
                .isEqualTo(sent);
        assertThat(pipe.held()).isZero();
    }

    /** A new pipe has 16 pages, and packets of loopback use 15 of them for 60 KiB. */
    @Test
    void movesMoreAtOnceThanANewPipeHolds() throws Exception {
        byte[] sent = pattern(120 * KIB);
        Pipe pipe = pipe();
        int most = 0;
        // The first event may come with the first packet, before the others are there.
        for (int i = 0; i < 100 && most <= 64 * KIB; i++) {
            receive(sent);
            most = move(pipe, sent.length);
            destination.socket().getInputStream().readNBytes(sent.length);
        }
        assertThat(most).isGreaterThan(64 * KIB);
    }

    @Test
    void aLoopHasOnlySoManyPipes() throws Exception {
        Pipe first = pipe();
        pipe();
        assertThat(wire.onLoop(this::newPipe)).isEmpty();
        wire.onLoop(() -> {
            first.release();
            return true;
        });
        assertThat(wire.onLoop(this::newPipe)).isPresent();
    }

    /** Otherwise the next two connections would get bytes of these. */
    @Test
    void aPipeWithBytesIsNotUsedAgain() throws Exception {
        byte[] lost = pattern(10 * KIB);
        receive(lost);
        Pipe pipe = pipe();
        wire.onLoop(() -> {
            assertThat(pipe.fill()).isPositive();
            pipe.release();
            return true;
        });
        byte[] next = new byte[KIB];
        Arrays.fill(next, (byte) 'n');
        source = wire.pair();
        receive(next);
        move(pipe(), next.length);
        assertThat(destination.socket().getInputStream().readNBytes(next.length))
                .isEqualTo(next);
    }

    @Test
    void whatTheDestinationDoesNotTakeStaysInThePipe() throws Exception {
        Pipe pipe = pipe();
        byte[] piece = pattern(100 * KIB);
        int moved = 0;
        while (pipe.held() == 0) {
            receive(piece);
            moved += fillOnce(pipe);
        }
        int received = 0;
        while (received < moved) {
            received += destination.socket().getInputStream().read(new byte[64 * KIB]);
            wire.onLoop(() -> {
                pipe.drain();
                return true;
            });
        }
        assertThat(received).isEqualTo(moved);
        assertThat(pipe.held()).isZero();
    }

    private int fillOnce(Pipe pipe) throws Exception {
        return wire.onLoop(() -> {
            int filled = pipe.fill();
            pipe.drain();
            return filled;
        });
    }
}
