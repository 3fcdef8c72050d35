package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class HalfOpenHeadersTest {
    private static final Peer ONE = peer("192.0.2.1");
    private static final Peer OTHER = peer("2001:db8::");
    private static final Peer THIRD = peer("192.0.2.3");

    private static final int MAX_PROVEN = 3;

    /** An arbitrary start, as of System.nanoTime, here near the overflow. */
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1000);

    private final HalfOpenHeaders headers = headers(2, 4);

    private HalfOpenHeaders headers(int limit, int total) {
        return new HalfOpenHeaders(limit, total, MAX_PROVEN, clock::get);
    }

    private static Peer peer(String address) {
        return new Peer(InetAddresses.forString(address), OptionalInt.empty());
    }

    private static HalfOpenHeaders.HeaderLease taken(Optional<HalfOpenHeaders.HeaderLease> lease) {
        assertThat(lease).isPresent();
        return lease.orElseThrow();
    }

    @Test
    void aPeerAtItsLimitLeavesSlotsToOthers() {
        headers.take(ONE);
        headers.take(ONE);

        assertThat(headers.take(ONE)).isEmpty();
        assertThat(headers.take(OTHER)).isPresent();
        assertThat(headers.size()).isEqualTo(3);
    }

    @Test
    void aReleasedSlotCanBeUsedAgain() {
        headers.take(ONE);
        headers.take(ONE).orElseThrow().close();

        assertThat(headers.take(ONE)).isPresent();
    }

    @Test
    void afterTheLastNothingOfAPeerIsLeft() {
        List<HalfOpenHeaders.HeaderLease> leases = new ArrayList<>();
        headers.take(ONE).ifPresent(leases::add);
        headers.take(OTHER).ifPresent(leases::add);
        leases.forEach(HalfOpenHeaders.HeaderLease::close);
        leases.forEach(HalfOpenHeaders.HeaderLease::close);

        assertThat(headers.size()).isZero();
    }

    @Test
    void whenAllAreTakenThePeerWithTheMostLosesItsOldest() {
        HalfOpenHeaders three = headers(3, 4);
        HalfOpenHeaders.HeaderLease earliest = taken(three.take(OTHER));
        List<HalfOpenHeaders.HeaderLease> flood =
                List.of(taken(three.take(ONE)), taken(three.take(ONE)), taken(three.take(ONE)));
        assertThat(three.lost()).isZero();

        HalfOpenHeaders.HeaderLease third = taken(three.take(THIRD));

        assertThat(flood.stream().map(lease -> isLost(lease))).containsExactly(true, false, false);
        assertThat(List.of(earliest, third)).noneMatch(lease -> isLost(lease));
        assertThat(three.size()).isEqualTo(4);
        assertThat(three.lost()).isEqualTo(1);
    }

    /** Otherwise a peer could take the slots of other peers with equally many, one by one. */
    @Test
    void whoeverWouldHaveTheMostLosesItsOwn() {
        HalfOpenHeaders.HeaderLease first = taken(headers.take(ONE));
        HalfOpenHeaders.HeaderLease other = taken(headers.take(OTHER));
        HalfOpenHeaders.HeaderLease third = taken(headers.take(THIRD));
        HalfOpenHeaders.HeaderLease fourth = taken(headers.take(peer("192.0.2.4")));

        taken(headers.take(OTHER));

        assertThat(isLost(other)).isTrue();
        assertThat(List.of(first, third, fourth)).noneMatch(lease -> isLost(lease));
    }

    @Test
    void amongPeersWithOneEachTheLongestWaitingLosesIt() {
        HalfOpenHeaders.HeaderLease first = taken(headers.take(peer("192.0.2.10")));
        for (int i = 11; i < 14; i++) {
            taken(headers.take(peer("192.0.2." + i)));
        }

        HalfOpenHeaders.HeaderLease newest = taken(headers.take(ONE));

        assertThat(isLost(first)).isTrue();
        assertThat(isLost(newest)).isFalse();
    }

    /** Adds a header of each of {@code count} unknown peers. */
    private static List<HalfOpenHeaders.HeaderLease> strangers(HalfOpenHeaders of, int count) {
        List<HalfOpenHeaders.HeaderLease> leases = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            leases.add(taken(of.take(peer("198.51.100." + i))));
        }
        return leases;
    }

    private static boolean isLost(HalfOpenHeaders.HeaderLease lease) {
        AtomicBoolean lost = new AtomicBoolean();
        lease.whenLost(() -> lost.set(true));
        return lost.get();
    }

    private static List<Boolean> lost(List<HalfOpenHeaders.HeaderLease> leases) {
        return leases.stream().map(lease -> isLost(lease)).toList();
    }

    /** The previous hop has the most headers, and each of the many peers of the flood only one. */
    @Test
    void aProvenPeerLosesNothingToAFloodFromManyAddresses() {
        HalfOpenHeaders six = headers(3, 6);
        six.verified(ONE);
        List<HalfOpenHeaders.HeaderLease> hop =
                List.of(taken(six.take(ONE)), taken(six.take(ONE)), taken(six.take(ONE)));

        List<HalfOpenHeaders.HeaderLease> flood = strangers(six, 10);

        assertThat(hop).noneMatch(lease -> isLost(lease));
        assertThat(lost(flood)).containsExactly(true, true, true, true, true, true, true, false, false, false);
        assertThat(six.size()).isEqualTo(6);
    }

    /** Headers that are open when a peer's first header is verified are protected too. */
    @Test
    void aPeerIsProvenWithAllThatItHasOpen() {
        List<HalfOpenHeaders.HeaderLease> hop = List.of(taken(headers.take(ONE)), taken(headers.take(ONE)));
        headers.verified(ONE);

        strangers(headers, 10);

        assertThat(hop).noneMatch(lease -> isLost(lease));
    }

    @Test
    void aProvenPeerIsHeldToItsLimit() {
        headers.verified(ONE);
        headers.take(ONE);
        headers.take(ONE);

        assertThat(headers.take(ONE)).isEmpty();
    }

    @Test
    void whereAllAreProvenTheOneWithTheMostLosesItsOldest() {
        HalfOpenHeaders three = headers(3, 4);
        List.of(ONE, OTHER, THIRD).forEach(three::verified);
        HalfOpenHeaders.HeaderLease earliest = taken(three.take(OTHER));
        List<HalfOpenHeaders.HeaderLease> most =
                List.of(taken(three.take(ONE)), taken(three.take(ONE)), taken(three.take(ONE)));

        taken(three.take(THIRD));

        assertThat(lost(most)).containsExactly(true, false, false);
        assertThat(isLost(earliest)).isFalse();
    }

    @Test
    void aProvenPeerGetsTheSlotOfAnUnprovenOne() {
        List<HalfOpenHeaders.HeaderLease> strangers = strangers(headers, 4);
        headers.verified(ONE);

        taken(headers.take(ONE));
        HalfOpenHeaders.HeaderLease second = taken(headers.take(ONE));

        assertThat(lost(strangers)).containsExactly(true, true, false, false);
        assertThat(isLost(second)).isFalse();
    }

    @Test
    void aPeerWithoutARecentProofIsAStrangerAgain() {
        headers.verified(ONE);
        headers.verified(OTHER);
        clock.addAndGet(HalfOpenHeaders.PROVEN_FOR.toNanos() - 1);
        headers.verified(OTHER);
        HalfOpenHeaders.HeaderLease inTime = taken(headers.take(ONE));
        clock.addAndGet(1);
        HalfOpenHeaders.HeaderLease late = taken(headers.take(ONE));
        List<HalfOpenHeaders.HeaderLease> other = List.of(taken(headers.take(OTHER)), taken(headers.take(OTHER)));

        strangers(headers, 1);

        assertThat(lost(List.of(inTime, late))).containsExactly(true, false);
        assertThat(other).noneMatch(lease -> isLost(lease));
    }

    /** Only verified headers fill the memory; a peer that continues to present them stays in it. */
    @Test
    void theProvenPeerThatWasProvenLongestAgoIsForgottenFirst() {
        List.of(ONE, OTHER, THIRD, ONE, peer("192.0.2.4")).forEach(headers::verified);
        List<HalfOpenHeaders.HeaderLease> forgotten = List.of(taken(headers.take(OTHER)), taken(headers.take(OTHER)));
        List<HalfOpenHeaders.HeaderLease> known = List.of(taken(headers.take(ONE)), taken(headers.take(ONE)));

        taken(headers.take(THIRD));
        taken(headers.take(peer("192.0.2.4")));

        assertThat(forgotten).allMatch(lease -> isLost(lease));
        assertThat(known).noneMatch(lease -> isLost(lease));
    }

    @Test
    void aLostSlotIsNotReleasedTwice() {
        List<HalfOpenHeaders.HeaderLease> flood = List.of(taken(headers.take(ONE)), taken(headers.take(ONE)));
        headers.take(OTHER);
        headers.take(OTHER);
        headers.take(THIRD);

        flood.getFirst().close();

        assertThat(isLost(flood.getFirst())).isTrue();
        assertThat(headers.size()).isEqualTo(4);
    }

    /** Random peers and ends, so that the order of the peers is built and dropped many times. */
    @Test
    void losesTheSameAsWithoutAnyOrderKept() {
        for (int seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            int total = 1 + random.nextInt(12);
            HalfOpenHeaders any = new HalfOpenHeaders(total, total, 6, clock::get);
            List<Peer> peers = new ArrayList<>();
            List<HalfOpenHeaders.HeaderLease> leases = new ArrayList<>();
            for (int step = 0; step < 500; step++) {
                Peer peer = peer("198.51.100." + random.nextInt(6));
                int chosen = random.nextInt(10);
                if (chosen == 0) {
                    any.verified(peer);
                } else if (chosen < 4 && !leases.isEmpty()) {
                    int ended = random.nextInt(leases.size());
                    leases.remove(ended).close();
                    peers.remove(ended);
                } else if (Collections.frequency(peers, peer) < total) {
                    leases.add(taken(any.take(peer)));
                    peers.add(peer);
                    if (leases.size() > total) {
                        int loser = peers.indexOf(Collections.min(
                                peers,
                                Comparator.<Peer, Boolean>comparing(any::isProven)
                                        .thenComparingInt(one -> -Collections.frequency(peers, one))
                                        .thenComparingInt(peers::indexOf)));
                        assertThat(isLost(leases.remove(loser))).isTrue();
                        peers.remove(loser);
                    }
                }
                assertThat(leases).noneMatch(lease -> isLost(lease));
                assertThat(any.size()).isEqualTo(leases.size());
            }
        }
    }

    @Test
    void manyThreadsNeverTakeMoreThanThereIs() throws Exception {
        HalfOpenHeaders shared = headers(10, 12);
        List<Thread> threads = new ArrayList<>();
        List<Integer> seen = Collections.synchronizedList(new ArrayList<>());
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
