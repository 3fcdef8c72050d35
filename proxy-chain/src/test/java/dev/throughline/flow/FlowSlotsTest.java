package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.throughline.budget.Caps;
import dev.throughline.budget.LimitClass;
import dev.throughline.budget.PoolRule;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.engine.epoll.EpollEngine;
import dev.throughline.hop.LogLines;
import dev.throughline.policy.Policy;
import dev.throughline.relay.Wire;
import dev.throughline.transport.BsdSocket;
import dev.throughline.transport.ScriptedTransport;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Flows that need a slot: they get one, wait, or are refused. */
class FlowSlotsTest extends FlowScene {
    /** Sets the number of slots, none reserved. A flow that is idle for {@code floor} may be closed. */
    private void slots(int flows, Duration floor, Duration wait) {
        withBudget(budget(flows, new PoolRule(0, 50, 0, floor)), new LimitClass("default", Caps.OPEN, true, wait));
    }

    private void withBudget(FlowBudget budget, LimitClass all) {
        change(p -> {
            p.budget = budget;
            p.routing(new RoutingTable(
                    Policy.NONE,
                    new Route(new NextHop.Destination(), FlowServicesDraft.PLAIN, TcpTimeouts.DEFAULTS),
                    ImmutableMap.of(),
                    ImmutableMap.of(all.name(), all)));
        });
    }

    /** The slot is in use until the system releases it, although the flow uses another transport. */
    @Test
    void anAbandonedStartKeepsItsSlotUntilTheSystemReleasesIt() throws Exception {
        ScriptedTransport few = new ScriptedTransport("few");
        few.hang();
        FlowBudget slots = budget(100, PoolRule.DEFAULT).pool("few", 5);
        change(p -> {
            p.budget = slots;
            p.transports = List.of(few, new BsdSocket(new EpollEngine(), 0, Duration.ofSeconds(5)));
            p.routing(FlowServicesDraft.allTo(new Route(
                    new NextHop.Destination(), ImmutableList.of("few", BsdSocket.NAME), TcpTimeouts.DEFAULTS)));
        });
        Socket app;
        Socket there;
        try (LogLines log = new LogLines(FlowBudget.class)) {
            app = wire.connect();
            there = destination.accept();
            assertThat(events.opened.poll(20, TimeUnit.SECONDS).transport()).contains(BsdSocket.NAME);
            assertThat(log.take())
                    .containsExactly("WARN transport few: flows fail over to the next transport: start-timeout");
        }
        assertThat(counted.events).containsExactly("fell over from few: start-timeout");
        assertThat(slots.inUse("few")).isEqualTo(1);

        app.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        Wire.await("to have the other slots back", () -> slots.inUse(BsdSocket.NAME) == 0);
        assertThat(slots.inUse("few")).isEqualTo(1);
        assertThat(slots.inUse(FlowBudget.HOP)).isEqualTo(1);

        few.letGo();
        Wire.await("to have it back", () -> slots.inUse("few") == 0);
    }

    /** A flow that is stopped while its connection is being started cancels the start. */
    @Test
    void aFlowThatStopsDuringItsStartCancelsIt() throws Exception {
        ScriptedTransport slow = new ScriptedTransport("slow");
        change(p -> {
            p.budget = budget(100, PoolRule.DEFAULT).pool("slow", 5);
            p.transports = List.of(slow);
            p.routing(FlowServicesDraft.allTo(
                    new Route(new NextHop.Destination(), ImmutableList.of("slow"), TcpTimeouts.DEFAULTS)));
        });
        Socket app = wire.connect();
        Wire.await("to start", () -> slow.starts() == 1);

        services.table().stopAll(CloseReason.STOPPED);

        assertReset(app);
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
        slow.letGo();
    }

    @Test
    void withoutASlotAFlowIsRefusedAtOnce() throws Exception {
        slots(1, Duration.ofHours(1), Duration.ZERO);
        Socket first = wire.connect();
        Socket there = destination.accept();
        try (LogLines log = new LogLines(FlowBudget.class)) {
            Socket second = wire.connect();

            assertReset(second);
            assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                    .isEqualTo(new CloseResult(CloseReason.NO_SLOT, "hop is full"));
            assertThat(log.take())
                    .singleElement()
                    .asString()
                    .matches("WARN \\S+ of user \\S+ on \\S+: flows are limited: hop is full");
        }
        assertThat(counted.events).containsExactly("refused by hop: full");
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void aFlowWaitsForASlotAndContinues() throws Exception {
        slots(1, Duration.ofHours(1), Duration.ofSeconds(20));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        Wire.await("to wait for a slot", () -> services.budget().waiting() == 1);
        assertThat(services.table().list()).extracting(FlowView::stage).contains(FlowView.Stage.WAITING);

        first.close();
        there.close();

        Socket thereToo = destination.accept();
        second.close();
        thereToo.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        assertThat(counted.events).containsExactly("waited for hop: full");
    }

    @Test
    void aFlowWaitsNoLongerThanItsClassAllows() throws Exception {
        slots(1, Duration.ofHours(1), Duration.ofMillis(100));
        Socket first = wire.connect();
        Socket there = destination.accept();

        assertReset(wire.connect());
        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(
                        new CloseResult(CloseReason.NO_SLOT, "hop is full, and no slot became free while it waited"));
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void aFlowThatIsStoppedWhileItWaitsStops() throws Exception {
        slots(1, Duration.ofHours(1), Duration.ofHours(1));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        Wire.await("to wait for a slot", () -> services.budget().waiting() == 1);

        services.table().stopAll(CloseReason.STOPPED);

        assertReset(second);
        assertReset(first);
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
    }

    /** Also after the application has ended its output, when no read reports a reset. */
    @Tag("attack")
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aResetWhileWaitingEndsTheFlowAtOnce(boolean halfClosed) throws Exception {
        slots(1, Duration.ofHours(1), Duration.ofHours(1));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        second.getOutputStream().write('a');
        if (halfClosed) {
            second.shutdownOutput();
        }
        Wire.await("to wait for a slot", () -> services.budget().waiting() == 1);

        second.setSoLinger(true, 0);
        second.close();

        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new CloseResult(CloseReason.INBOUND_RESET, "while waiting"));
        assertThat(services.budget().waiting()).isZero();
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    /** The end of the input alone doesn't end the flow: the application may wait for a response. */
    @Test
    void anApplicationThatEndsItsOutputWhileItsFlowWaitsIsServed() throws Exception {
        slots(1, Duration.ofHours(1), Duration.ofSeconds(20));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        second.getOutputStream().write('a');
        second.shutdownOutput();
        Wire.await("to wait for a slot", () -> services.budget().waiting() == 1);
        first.close();
        there.close();

        Socket thereToo = destination.accept();
        assertThat(thereToo.getInputStream().readAllBytes()).containsExactly('a');
        thereToo.getOutputStream().write('b');
        thereToo.close();

        assertThat(second.getInputStream().readAllBytes()).containsExactly('b');
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void anIdleFlowIsEvictedForAnother() throws Exception {
        slots(2, Duration.ofNanos(1), Duration.ZERO);
        Socket first = wire.connect();
        Socket there = destination.accept();
        assertThat(events.opened.poll(20, TimeUnit.SECONDS)).isNotNull();
        Socket second = wire.connect();
        Socket thereToo = destination.accept();

        assertReset(first);
        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new CloseResult(CloseReason.EVICTED, ""));
        assertThat(counted.events).contains("evicted from bsd-socket: idle");
        there.close();
        second.close();
        thereToo.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    @Test
    void aClassHasItsLimit() throws Exception {
        LimitClass one =
                new LimitClass("default", new Caps(1, Caps.NONE, Caps.NONE, Caps.NONE, Caps.NONE), true, Duration.ZERO);
        withBudget(budget(9, PoolRule.DEFAULT), one);
        Socket first = wire.connect();
        Socket there = destination.accept();

        assertReset(wire.connect());
        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new CloseResult(CloseReason.CLASS_LIMIT, "the cap of 1 flows of a process"));
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }
}
