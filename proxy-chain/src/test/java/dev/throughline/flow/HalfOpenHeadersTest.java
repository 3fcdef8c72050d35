package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class HalfOpenHeadersTest {
    private static final Peer ONE = peer("192.0.2.1");
    private static final Peer OTHER = peer("2001:db8::");
    private static final Peer THIRD = peer("192.0.2.3");

    private final HalfOpenHeaders headers = new HalfOpenHeaders(2, 4);

    private static Peer peer(String address) {
        return new Peer(InetAddresses.forString(address), OptionalInt.empty());
    }

    private static HalfOpenHeaders.Lease taken(Optional<HalfOpenHeaders.Lease> lease) {
        assertThat(lease).isPresent();
        return lease.orElseThrow();
    }

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
        leases.forEach(HalfOpenHeaders.Lease::close);

        assertThat(headers.size()).isZero();
    }

    @Test
    void whenAllAreTakenThePeerWithTheMostLosesItsOldest() {
        HalfOpenHeaders three = new HalfOpenHeaders(3, 4);
        HalfOpenHeaders.Lease earliest = taken(three.take(OTHER));
        List<HalfOpenHeaders.Lease> flood =
                List.of(taken(three.take(ONE)), taken(three.take(ONE)), taken(three.take(ONE)));
        assertThat(three.lost()).isZero();

        HalfOpenHeaders.Lease third = taken(three.take(THIRD));

        assertThat(flood.stream().map(lease -> lease.lost().isDone())).containsExactly(true, false, false);
        assertThat(List.of(earliest, third)).noneMatch(lease -> lease.lost().isDone());
        assertThat(three.size()).isEqualTo(4);
        assertThat(three.lost()).isEqualTo(1);
    }

    /** Otherwise a peer could have, one by one, the places of others that have as many. */
    @Test
    void whoeverWouldHaveTheMostLosesItsOwn() {
        HalfOpenHeaders.Lease first = taken(headers.take(ONE));
        HalfOpenHeaders.Lease other = taken(headers.take(OTHER));
        HalfOpenHeaders.Lease third = taken(headers.take(THIRD));
        HalfOpenHeaders.Lease fourth = taken(headers.take(peer("192.0.2.4")));

        taken(headers.take(OTHER));

        assertThat(other.lost()).isDone();
        assertThat(List.of(first, third, fourth))
                .noneMatch(lease -> lease.lost().isDone());
    }

    @Test
    void ofManyPeersWithOneEachTheOneThatHasWaitedLongestLosesIt() {
        HalfOpenHeaders.Lease first = taken(headers.take(peer("192.0.2.10")));
        for (int i = 11; i < 14; i++) {
            taken(headers.take(peer("192.0.2." + i)));
        }

        HalfOpenHeaders.Lease newest = taken(headers.take(ONE));

        assertThat(first.lost()).isDone();
        assertThat(newest.lost()).isNotDone();
    }

    @Test
    void aPlaceThatWasLostIsNotGivenBackOnceMore() {
        List<HalfOpenHeaders.Lease> flood = List.of(taken(headers.take(ONE)), taken(headers.take(ONE)));
        headers.take(OTHER);
        headers.take(OTHER);
        headers.take(THIRD);

        flood.getFirst().close();

        assertThat(flood.getFirst().lost()).isDone();
        assertThat(headers.size()).isEqualTo(4);
    }

    @Test
    void manyThreadsNeverTakeMoreThanThereIs() throws Exception {
        HalfOpenHeaders shared = new HalfOpenHeaders(10, 12);
        List<Thread> threads = new ArrayList<>();
        List<Integer> seen = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 8; i++) {
            Peer peer = i % 2 == 0 ? ONE : OTHER;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int n = 0; n < 2_000; n++) {
                    shared.take(peer).ifPresent(lease -> {
                        seen.add(shared.size());
                        lease.close();
                    });
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(seen).isNotEmpty().allMatch(size -> size <= 12);
        assertThat(shared.size()).isZero();
    }
}
