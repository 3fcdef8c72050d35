package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.throughline.budget.Caps;
import dev.throughline.budget.LimitClass;
import dev.throughline.budget.PoolRule;
import dev.throughline.hop.LogLines;
import dev.throughline.policy.Policy;
import dev.throughline.relay.TcpTimeouts;
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

/** Flows that need a place, and get one, wait, or don't. */
class FlowPlacesTest extends FlowScene {
    /** Places for {@code flows}, none reserved. A flow that is idle for {@code floor} may be closed. */
    private void places(int flows, Duration floor, Duration wait) {
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

    /** Its place is in use for as long as the system holds it, though the flow has long gone another way. */
    @Test
    void aStartThatIsGivenUpKeepsItsPlaceUntilTheSystemLetsGo() throws Exception {
        ScriptedTransport few = new ScriptedTransport("few");
        few.hang();
        FlowBudget places = budget(100, PoolRule.DEFAULT).pool("few", 5);
        change(p -> {
            p.budget = places;
            p.transports = List.of(few, new BsdSocket(0, Duration.ofSeconds(5)));
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
        assertThat(places.inUse("few")).isEqualTo(1);

        app.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
        Wire.await("to have the other places back", () -> places.inUse(BsdSocket.NAME) == 0);
        assertThat(places.inUse("few")).isEqualTo(1);
        assertThat(places.inUse(FlowBudget.HOP)).isEqualTo(1);

        few.letGo();
        Wire.await("to have it back", () -> places.inUse("few") == 0);
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
    void withoutAPlaceItIsRefusedAtOnce() throws Exception {
        places(1, Duration.ofHours(1), Duration.ZERO);
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
    void itWaitsForAPlaceAndContinues() throws Exception {
        places(1, Duration.ofHours(1), Duration.ofSeconds(20));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        Wire.await("to wait for a place", () -> services.budget().waiting() == 1);
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
    void itWaitsNoLongerThanItMay() throws Exception {
        places(1, Duration.ofHours(1), Duration.ofMillis(100));
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
        places(1, Duration.ofHours(1), Duration.ofHours(1));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        Wire.await("to wait for a place", () -> services.budget().waiting() == 1);

        services.table().stopAll(CloseReason.STOPPED);

        assertReset(second);
        assertReset(first);
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
        assertThat(ending().reason()).isEqualTo(CloseReason.STOPPED);
    }

    /** Also after it has ended its output, when no read tells of a reset. */
    @Tag("attack")
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anApplicationThatResetsWhileItsFlowWaitsGivesItUpAtOnce(boolean halfClosed) throws Exception {
        places(1, Duration.ofHours(1), Duration.ofHours(1));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        second.getOutputStream().write('a');
        if (halfClosed) {
            second.shutdownOutput();
        }
        Wire.await("to wait for a place", () -> services.budget().waiting() == 1);

        second.setSoLinger(true, 0);
        second.close();

        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new CloseResult(CloseReason.INBOUND_RESET, "while waiting"));
        assertThat(services.budget().waiting()).isZero();
        first.close();
        there.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }

    /** The end of the input alone isn't an end of the flow: a request may be whole, and an answer wanted. */
    @Test
    void anApplicationThatEndsItsOutputWhileItsFlowWaitsIsServed() throws Exception {
        places(1, Duration.ofHours(1), Duration.ofSeconds(20));
        Socket first = wire.connect();
        Socket there = destination.accept();
        Socket second = wire.connect();
        second.getOutputStream().write('a');
        second.shutdownOutput();
        Wire.await("to wait for a place", () -> services.budget().waiting() == 1);
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
    void anIdleFlowMakesRoom() throws Exception {
        places(2, Duration.ofNanos(1), Duration.ZERO);
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
