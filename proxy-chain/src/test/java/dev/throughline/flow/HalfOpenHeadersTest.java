package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HalfOpenHeadersTest {
    private static final InetAddress ONE = com.google.common.net.InetAddresses.forString("192.0.2.1");
    private static final InetAddress OTHER = com.google.common.net.InetAddresses.forString("2001:db8::2");

    private final HalfOpenHeaders headers = new HalfOpenHeaders(2);

    @Test
    void oneThatTakesAllItsPlacesLeavesOthersTheirs() {
        headers.take(ONE);
        headers.take(ONE);

        assertThat(headers.take(ONE)).isEmpty();
        assertThat(headers.take(OTHER)).isPresent();
        assertThat(headers.size()).isEqualTo(3);
    }

    @Test
    void aPlaceThatIsGivenBackCanBeTakenAgain() {
        headers.take(ONE);
        headers.take(ONE).orElseThrow().close();

        assertThat(headers.take(ONE)).isPresent();
    }

    @Test
    void afterTheLastNothingOfAPeerIsLeft() {
        List<HalfOpenHeaders.Lease> leases = new ArrayList<>();
        headers.take(ONE).ifPresent(leases::add);
        headers.take(OTHER).ifPresent(leases::add);
        leases.forEach(HalfOpenHeaders.Lease::close);

        assertThat(headers.size()).isZero();
    }

    @Test
    void manyThreadsNeverTakeMoreThanThereIs() throws Exception {
        HalfOpenHeaders shared = new HalfOpenHeaders(10);
        List<Thread> threads = new ArrayList<>();
        List<Integer> seen = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 8; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int n = 0; n < 2_000; n++) {
                    shared.take(ONE).ifPresent(lease -> {
                        seen.add(shared.size());
                        lease.close();
                    });
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(seen).isNotEmpty().allMatch(size -> size <= 10);
        assertThat(shared.size()).isZero();
    }
}
