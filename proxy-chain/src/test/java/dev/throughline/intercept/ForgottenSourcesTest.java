package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ForgottenSourcesTest {
    private final BlockingQueue<Set<InetSocketAddress>> searches = new LinkedBlockingQueue<>();
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private final ForgottenSources sources = new ForgottenSources(batch -> {
        searches.add(batch);
        try {
            mayEnd.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    });

    @BeforeEach
    void start() {
        sources.start();
    }

    @AfterEach
    void close() {
        sources.close();
    }

    private static InetSocketAddress source(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Test
    @Tag("attack")
    void oneSearchServesManyForgottenConnectionsWithoutBlocking() throws InterruptedException {
        sources.add(source(1));
        assertThat(searches.take()).containsExactly(source(1));
        for (int port = 2; port < 2002; port++) {
            sources.add(source(port));
        }
        assertThat(searches).as("one search at a time").isEmpty();

        mayEnd.countDown();

        assertThat(searches.take()).hasSize(2000);
        assertThat(sources.refused()).isZero();
    }

    @Test
    @Tag("attack")
    void tooManyForgottenConnectionsAreCounted() throws InterruptedException {
        sources.add(source(1));
        searches.take();
        for (int i = 0; i < ForgottenSources.MAX_WAITING; i++) {
            sources.add(source(i));
        }

        sources.add(new InetSocketAddress("127.0.0.2", 1));

        assertThat(sources.refused()).isEqualTo(1);
    }
}
