package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Verification;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.header.Header;
import dev.throughline.header.Tuple;
import dev.throughline.originator.HopId;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The life of a flow, from start to end. */
class FlowTest extends FlowScene {
    @Test
    void anApplicationsFlowGoesToItsDestinationAndEndsCompleted() throws Exception {
        Socket app = wire.connect();
        Socket there = destination.accept();
        app.getOutputStream().write("hello".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        app.shutdownOutput();
        assertThat(there.getInputStream().readAllBytes()).hasSize(5);
        there.getOutputStream().write('!');
        there.close();
        assertThat(app.getInputStream().readAllBytes()).hasSize(1);

        Events.Closed end = closed();

        assertThat(end.ending()).isEqualTo(new CloseResult(CloseReason.COMPLETED, ""));
        assertThat(end.flow().number()).isEqualTo(1);
        assertThat(end.flow().bytesOut()).isEqualTo(5);
        assertThat(end.flow().bytesIn()).isEqualTo(1);
        assertThat(end.flow().setup().orElseThrow())
                .isPositive()
                .isLessThan(end.flow().age())
                .isEqualTo(events.opened.element().setup().orElseThrow());
        assertThat(end.flow().owner()).isPresent();
        assertThat(end.flow()
                        .originator()
                        .orElseThrow()
                        .identity()
                        .process()
                        .orElseThrow()
                        .pid())
                .isEqualTo((int) ProcessHandle.current().pid());
        assertThat(events.opened).hasSize(1);
        assertThat(events.verified).isEmpty();
    }

    @Test
    void theNextHopGetsOneTrueHeaderBeforeTheFirstByte() throws Exception {
        change(p -> p.next(new NextHop.At("hop-c", destinationAddress(), HeaderProfile.NORMAL)));
        Socket app = wire.connect();
        Socket next = destination.accept();

        Header header = read(next);

        Tuple connection = Tuple.tcp(
                (InetSocketAddress) next.getRemoteSocketAddress(), (InetSocketAddress) next.getLocalSocketAddress());
        VerifierSettings settings = new VerifierSettings(
                HopId.of("hop-c"), Instant.now().minusSeconds(60), Duration.ofSeconds(2), 4, ImmutableList.of());
        Verification atNext = new Verifier(
                        settings, trust("hop-b", ownKey, " origin=edge-1"), ChainTlv.STANDARD, new ReplayWindow(10))
                .verify(header, connection, Instant.now());
        assertThat(atNext).isInstanceOf(Verification.Verified.class);
        app.close();
        next.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    /** The reset may arrive before, during or after the write of the header: the flow ends in each case. */
    @Test
    void aNextHopThatAcceptsAndResetsLeavesNoFlowBehind() throws Exception {
        change(p -> p.next(new NextHop.At("hop-c", destinationAddress(), HeaderProfile.NORMAL)));
        for (int i = 0; i < 300; i++) {
            wire.connect();
            Socket next = destination.accept();
            next.setSoLinger(true, 0);
            next.close();
            assertThat(closed().ending().reason()).isNotEqualTo(CloseReason.INTERNAL_ERROR);
        }
    }

    @Test
    void anUnknownOriginalDestinationIsNeverGuessed() throws Exception {
        entrance = new ListenerProfile(
                "front",
                new ListenerProfile.Preamble.Payload(),
                true,
                java.util.Optional.empty(),
                connection -> {
                    throw new FlowRejectedException(CloseReason.NO_ORIGINAL_DESTINATION, "no entry");
                },
                ListenerProfile.OwnerRule.ANYONE);
        Socket app = wire.connect();

        assertReset(app);
        Events.Closed end = closed();
        assertThat(end.ending()).isEqualTo(new CloseResult(CloseReason.NO_ORIGINAL_DESTINATION, "no entry"));
        assertThat(end.flow().setup()).as("never relayed").isEmpty();
    }

    @Test
    void aWrongOwnerIsRefused() throws Exception {
        entrance = entrance(
                new ListenerProfile.Preamble.Payload(),
                false,
                true,
                owner -> Optional.of(new FlowRejectedException(CloseReason.OWNER_MISMATCH, "process 1, expected 2")));
        Socket app = wire.connect();

        assertReset(app);
        Events.Closed end = closed();
        assertThat(end.ending().reason()).isEqualTo(CloseReason.OWNER_MISMATCH);
        assertThat(end.flow().owner()).isPresent();
    }

    @Test
    void oneFlowTooManyIsRefusedAndTheOthersContinue() throws Exception {
        change(p -> p.table = new FlowTable(1));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();

        assertReset(second);
        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new CloseResult(CloseReason.TOO_MANY_FLOWS, "1 flows are open"));
        assertThat(services.table().list()).extracting(FlowView::number).containsExactly(1L);
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void aDestinationThatRefusesResetsTheApplicationsConnection() throws Exception {
        InetSocketAddress nobody = destinationAddress();
        change(p -> p.next(new NextHop.At("hop-c", nobody, HeaderProfile.NORMAL)));
        destination.close();
        Socket app = wire.connect();

        assertReset(app);
        CloseResult ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.CONNECT_REFUSED);
        assertThat(ending.detail()).startsWith("hop-c at " + Tuple.text(nobody) + ": ");
    }

    @Test
    void aHeaderTooLargeForTheNextHopIsNotSent() throws Exception {
        HeaderProfile small = new HeaderProfile(256, ImmutableSet.of());
        change(p -> p.next(new NextHop.At("hop-c", destinationAddress(), small)));
        Socket app = wire.connect();
        Socket next = destination.accept();

        assertReset(app);
        assertReset(next);
        assertThat(ending().reason()).isEqualTo(CloseReason.HEADER_TOO_LARGE);
    }

    @Test
    void stoppedWhileItRelays() throws Exception {
        Socket app = wire.connect();
        Socket there = destination.accept();
        assertThat(events.opened.poll(20, TimeUnit.SECONDS)).isNotNull();

        services.table().stopAll(CloseReason.STOPPED);
        services.table().stopAll(CloseReason.DRAIN_DEADLINE);

        assertReset(app);
        assertReset(there);
        assertThat(ending()).isEqualTo(new CloseResult(CloseReason.STOPPED, ""));
    }

    @Test
    void aBugEndsTheFlowAndOnlyIt() throws Exception {
        entrance = entrance(new ListenerProfile.Preamble.Payload(), false, true, owner -> {
            throw new IllegalStateException("a bug, made by this test");
        });
        Socket app = wire.connect();

        assertReset(app);
        CloseResult ending = ending();
        assertThat(ending.reason()).isEqualTo(CloseReason.INTERNAL_ERROR);
        assertThat(ending.detail()).contains("a bug, made by this test");
    }

    @Test
    void aResetWhileRelayingHasItsReason() throws Exception {
        Socket app = wire.connect();
        Socket there = destination.accept();
        assertThat(events.opened.poll(20, TimeUnit.SECONDS)).isNotNull();
        there.setSoLinger(true, 0);
        there.close();

        assertReset(app);
        assertThat(ending().reason()).isEqualTo(CloseReason.OUTBOUND_RESET);
    }
}
