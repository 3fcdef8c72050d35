package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.RejectReason;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Verification;
import dev.throughline.header.Cidr;
import dev.throughline.header.Tuple;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.relay.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Flows whose originator is in a header: valid and invalid headers, and the limits of peers. */
class FlowHeaderTest extends FlowScene {
    private static HalfOpenHeaders halfOpenHeaders(int limit, int total) {
        return new HalfOpenHeaders(limit, total, 10, System::nanoTime);
    }

    @Test
    void aTrueHeaderLeadsToTheDestinationThatItNames() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());
        previous.getOutputStream().write('x');
        previous.shutdownOutput();
        Socket there = destination.accept();

        assertThat(there.getInputStream().readAllBytes()).containsExactly('x');

        there.close();
        Events.Closed end = closed();
        assertThat(end.ending().reason()).isEqualTo(CloseReason.COMPLETED);
        assertThat(end.flow().verification()).get().isInstanceOf(Verification.Verified.class);
        assertThat(end.flow().bytesOut()).as("payload").isEqualTo(1);
        assertThat(events.verified).hasSize(1);
    }

    @Test
    void anUnsignedHeaderIsRejected() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(UNSIGNED);

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        assertThat(events.verified.poll())
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        no -> assertThat(no.reason()).isEqualTo(RejectReason.UNSIGNED));
        assertThat(events.opened).isEmpty();
    }

    @Test
    void aHeaderThatNamesAnotherDestinationThanTheKernelIsRefused() throws Exception {
        entrance = entrance(new ListenerProfile.Preamble.SignedHeader(), true, false, ListenerProfile.OwnerRule.ANYONE);
        Socket previous = wire.connect();
        previous.getOutputStream()
                .write(header(previous, new InetSocketAddress("127.0.0.1", 9)).toByteArray());

        assertReset(previous);
        CloseResult ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.DESTINATION_MISMATCH);
        assertThat(ending.detail()).contains("the kernel says " + Tuple.text(destinationAddress()));
    }

    @Test
    void payloadInsteadOfAHeaderIsMalformed() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(new byte[] {'G', 'E', 'T'});

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_MALFORMED);
    }

    @Test
    void anEndBeforeTheHeaderIsIncomplete() throws Exception {
        entrance = fromPreviousHop();
        wire.connect().shutdownOutput();

        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
    }

    /** An application that gives up can't change the kernel's identification of the previous hop or agent. */
    @Test
    void anEndWithoutAByteCountsForStrangersOnly() throws Exception {
        entrance = fromPreviousHop();
        wire.connect().shutdownOutput();
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
        Wire.await("to be counted", () -> services.headerFailures().count() == 1);

        entrance = entrance(
                new ListenerProfile.Preamble.SignedHeader(), false, false, owner -> java.util.Optional.empty());
        wire.connect().shutdownOutput();
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
        services.halfOpenHeaders()
                .verified(new Peer(destinationAddress().getAddress(), OptionalInt.of((int) ownUid())));
        entrance = fromPreviousHop();
        wire.connect().shutdownOutput();
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
        assertThat(services.headerFailures().count()).isEqualTo(1);
    }

    @Test
    void aHeaderThatDoesntComeTimesOut() throws Exception {
        change(p -> p.headerTimeout = Duration.ofMillis(200));
        entrance = fromPreviousHop();
        Socket previous = wire.connect();

        assertReset(previous);
        assertThat(ending()).isEqualTo(new CloseResult(CloseReason.HEADER_TIMEOUT, "0 bytes in 200 ms"));
    }

    @Test
    void aPeerThatWaitsWithTooManyHeadersIsRefusedOneMore() throws Exception {
        entrance = fromPreviousHop();
        Socket first = wire.connect();
        Wire.await("for its slot", () -> services.halfOpenHeaders().size() == 1);
        Socket second = wire.connect();

        assertReset(second);
        Events.Closed end = events.closed.poll(20, TimeUnit.SECONDS);
        assertThat(end.ending())
                .isEqualTo(new CloseResult(CloseReason.HEADER_BUDGET, "peer 127.0.0.1, user " + ownUid()));
        first.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_INCOMPLETE);
    }

    /** The oldest one, since both are of one peer. */
    @Test
    void aFlowThatLosesItsHeaderSlotEndsWithHeaderBudget() throws Exception {
        change(p -> p.halfOpenHeaders = halfOpenHeaders(10, 1));
        entrance = fromPreviousHop();
        Socket first = wire.connect();
        Wire.await("for its slot", () -> services.halfOpenHeaders().size() == 1);
        Socket second = wire.connect();

        assertReset(first);
        Events.Closed end = events.closed.poll(20, TimeUnit.SECONDS);
        assertThat(end.ending().reason()).isEqualTo(CloseReason.HEADER_BUDGET);
        second.getOutputStream().write(header(second, destinationAddress()).toByteArray());
        second.getOutputStream().write('x');
        second.shutdownOutput();
        Socket there = destination.accept();
        assertThat(there.getInputStream().readAllBytes()).containsExactly('x');
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        assertThat(services.headerFailures().count())
                .as("the loss of a slot is no failure")
                .isZero();
    }

    /** Two strangers connect, for two slots. */
    private void twoStrangersComeAndGo() throws Exception {
        List<HalfOpenHeaders.HeaderLease> strangers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Peer stranger = new Peer(InetAddress.getByName("192.0.2." + i), OptionalInt.empty());
            strangers.add(services.halfOpenHeaders().take(stranger).orElseThrow());
        }
        strangers.forEach(HalfOpenHeaders.HeaderLease::close);
    }

    @Test
    void aPeerWithAVerifiedHeaderKeepsItsSlot() throws Exception {
        change(p -> p.halfOpenHeaders = halfOpenHeaders(10, 2));
        entrance = fromPreviousHop();
        Socket before = wire.connect();
        before.getOutputStream().write(header(before, destinationAddress()).toByteArray());
        destination.accept().close();
        before.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        Socket previous = wire.connect();
        Wire.await("for its slot", () -> services.halfOpenHeaders().size() == 1);

        twoStrangersComeAndGo();

        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());
        destination.accept().close();
        previous.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void aPeerWithARejectedHeaderLosesItsSlot() throws Exception {
        change(p -> p.halfOpenHeaders = halfOpenHeaders(10, 2));
        entrance = fromPreviousHop();
        Socket before = wire.connect();
        before.getOutputStream().write(UNSIGNED);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        Socket previous = wire.connect();
        Wire.await("for its slot", () -> services.halfOpenHeaders().size() == 1);

        twoStrangersComeAndGo();

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_BUDGET);
    }

    @Test
    void aPeerWhoseHeadersFailIsRefusedUnheard() throws Exception {
        entrance = fromPreviousHop();
        for (int i = 0; i < FAILURES; i++) {
            Socket bad = wire.connect();
            bad.getOutputStream().write(UNSIGNED);
            assertReset(bad);
            assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        }
        events.verified.clear();
        Socket next = wire.connect();

        // It has sent nothing yet.
        assertReset(next);
        CloseResult ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.HEADER_FAILURES);
        assertThat(ending.detail())
                .startsWith("peer 127.0.0.1, user " + ownUid() + ": 3 headers failed in 60000 ms, retry in ");
        assertThat(events.verified).isEmpty();
    }

    @Test
    void aHeaderThatIsTrueIsNoFailureWhateverBecomesOfItsFlow() throws Exception {
        entrance = entrance(new ListenerProfile.Preamble.SignedHeader(), true, false, ListenerProfile.OwnerRule.ANYONE);
        Socket previous = wire.connect();
        previous.getOutputStream()
                .write(header(previous, new InetSocketAddress("127.0.0.1", 9)).toByteArray());

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.DESTINATION_MISMATCH);
        assertThat(services.headerFailures().count()).isZero();
    }

    @Test
    void aHopThatCanRememberNothingMoreDoesNotBlameItsPeers() throws Exception {
        authority = authority(trust, Instant.now().minusSeconds(60), new ReplayWindow(0));

        aTrueHeaderIsRejectedWithoutBlame("replay-store-full");
    }

    /** Otherwise a previous hop with a slow clock would be refused for a time after each restart of this hop. */
    @Test
    void aHopThatHasJustStartedDoesNotBlameAPeerWhoseClockIsSlow() throws Exception {
        authority = authority(trust, Instant.now().plusSeconds(60), new ReplayWindow(100));

        aTrueHeaderIsRejectedWithoutBlame("issued-before-start");
    }

    private void aTrueHeaderIsRejectedWithoutBlame(String reason) throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());

        assertReset(previous);
        CloseResult ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        assertThat(ending.detail()).startsWith(reason);
        assertThat(events.verified).as("counted").hasSize(1);
        assertThat(services.headerFailures().count()).isZero();
    }

    /** A stranger that reaches the listener must not use up the previous hop's limit of failures. */
    @Test
    void otherProcessesUseNothingOfThePreviousHopsBudgets() throws Exception {
        entrance = entrance(
                new ListenerProfile.Preamble.SignedHeader(),
                true,
                true,
                owner -> Optional.of(new FlowRejectedException(CloseReason.OWNER_MISMATCH, "process 1, expected 2")));
        for (int i = 0; i < 2 * FAILURES; i++) {
            Socket stranger = wire.connect();
            assertReset(stranger);
            assertThat(ending().reason()).isEqualTo(CloseReason.OWNER_MISMATCH);
        }

        assertThat(services.headerFailures().count()).isZero();
        assertThat(services.halfOpenHeaders().size()).isZero();
    }

    @Test
    void failuresOfAnotherUserOfTheSameHostDontCountForThePreviousHop() throws Exception {
        entrance = entrance(new ListenerProfile.Preamble.SignedHeader(), false, true, ListenerProfile.OwnerRule.ANYONE);
        int uid = (int) java.nio.file.Files.getAttribute(java.nio.file.Path.of("/proc/self"), "unix:uid");
        failAll(new Peer(InetAddress.getLoopbackAddress(), OptionalInt.of(uid + 1)));
        failAll(new Peer(InetAddress.getLoopbackAddress(), OptionalInt.empty()));
        Socket heard = wire.connect();
        heard.getOutputStream().write(UNSIGNED);
        assertReset(heard);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);

        failAll(new Peer(InetAddress.getLoopbackAddress(), OptionalInt.of(uid)));
        Socket unheard = wire.connect();
        assertReset(unheard);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_FAILURES);
    }

    private void failAll(Peer peer) {
        for (int i = 0; i < FAILURES; i++) {
            services.headerFailures().ended(peer, CloseReason.HEADER_REJECTED);
        }
    }

    @Test
    void aProxyThatIsNotTrustedIsRefusedBeforeItsHeaderIsRead() throws Exception {
        entrance = entrance(
                new ListenerProfile.Preamble.BelievedHeader(
                        ImmutableList.of(Cidr.parse("127.0.0.2"), Cidr.parse("::/0"))),
                false,
                false,
                ListenerProfile.OwnerRule.ANYONE);
        Socket stranger = wire.connect();

        assertReset(stranger);
        Events.Closed end = closed();
        assertThat(end.ending()).isEqualTo(new CloseResult(CloseReason.PEER_NOT_ALLOWED, "peer 127.0.0.1"));
        assertThat(end.flow().connection()).as("for the log").isPresent();
    }

    /** There is exactly one header: the next bytes are payload, even if they look like a header. */
    @Test
    void aSecondHeaderIsPayload() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());
        previous.getOutputStream().write(UNSIGNED);
        previous.getOutputStream().write(LOCAL);
        previous.shutdownOutput();
        Socket there = destination.accept();

        assertThat(there.getInputStream().readAllBytes())
                .isEqualTo(com.google.common.primitives.Bytes.concat(UNSIGNED, LOCAL));

        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void aHealthCheckIsAnsweredByACloseThatIsNoReset() throws Exception {
        change(p -> p.healthCheckers = ImmutableList.of(Cidr.parse("127.0.0.0/8")));
        entrance = fromPreviousHop();
        Socket checker = wire.connect();
        checker.getOutputStream().write(LOCAL);

        assertThat(checker.getInputStream().readAllBytes()).isEmpty();
        assertThat(ending().reason()).isEqualTo(CloseReason.HEALTH_CHECK);
        assertThat(events.verified).isEmpty();
    }

    @Test
    void aHealthCheckOfAStrangerIsRejected() throws Exception {
        entrance = fromPreviousHop();
        Socket checker = wire.connect();
        checker.getOutputStream().write(LOCAL);

        assertReset(checker);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
    }

    /** The keys at the time of verification count, not those at the time of accept. */
    @Test
    void aKeyThatIsRevokedWhileItsHeaderComesInIsRefused() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        byte[] header = header(previous, destinationAddress()).toByteArray();
        previous.getOutputStream().write(header, 0, header.length - 1);
        Wire.await("to wait for the rest", () -> services.halfOpenHeaders().size() == 1);

        authority = authority(trust("hop-a", previousKey, " origin=edge-1 revoked # lost\n"));
        previous.getOutputStream().write(header, header.length - 1, 1);

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_REJECTED);
        assertThat(events.verified.take())
                .isInstanceOfSatisfying(
                        Verification.Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.KEY_REVOKED));
    }

    @Test
    void anOpenFlowOutlivesTheKeyThatBeganIt() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());
        Socket there = destination.accept();

        authority = authority(trust("hop-a", previousKey, " origin=edge-1 revoked # lost\n"));
        previous.getOutputStream().write('?');
        previous.shutdownOutput();

        assertThat(there.getInputStream().readAllBytes()).hasSize(1);
        there.close();
        assertThat(previous.getInputStream().readAllBytes()).isEmpty();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    /** The loopback of the originator's host is not this host's. */
    @Test
    void aFlowOfAnotherHostDoesNotReachServicesOfThisOne() throws Exception {
        change(p -> p.host = HostId.of("egress-1"));
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.DESTINATION_NOT_HERE);
    }

    /** A trusted hop isn't necessarily the previous hop of this listener. */
    @Test
    void aHeaderOfAnotherHopThanThePreviousOneIsRefused() throws Exception {
        ListenerProfile any = fromPreviousHop();
        entrance = new ListenerProfile(
                any.listener(), any.preamble(), false, Optional.of(HopId.of("hop-z")), any.resolver(), any.ownerRule());
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());

        assertReset(previous);
        assertThat(ending().reason()).isEqualTo(CloseReason.OWNER_MISMATCH);
    }

    @Test
    void stoppedWhileItWaitsForItsHeader() throws Exception {
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        Wire.await("for its slot", () -> services.halfOpenHeaders().size() == 1);

        services.table().stopAll(CloseReason.DRAIN_DEADLINE);

        assertReset(previous);
        assertThat(ending()).isEqualTo(new CloseResult(CloseReason.DRAIN_DEADLINE, ""));
    }

    private static Object ownUid() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }
}
