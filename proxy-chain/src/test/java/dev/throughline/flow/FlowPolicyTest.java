package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.throughline.chain.ChainRead;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.Verification;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.header.Header;
import dev.throughline.hop.LogLines;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.originator.HopId;
import dev.throughline.policy.Condition;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.Policy;
import dev.throughline.policy.PolicyRule;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Flows with a policy. */
class FlowPolicyTest extends FlowScene {
    private static final PolicyRule REST =
            new PolicyRule("rest", ImmutableList.of(), ImmutableList.of(), Outcome.Allow.PLAIN);

    private static Policy policy(Outcome then, Condition when) {
        return new Policy(
                ImmutableList.of(new PolicyRule("first", ImmutableList.of(when), ImmutableList.of(), then), REST));
    }

    private static Condition hosts(String... names) {
        return new Condition.Host(ImmutableList.copyOf(names));
    }

    private RoutingTable routing(Policy policy) {
        NextHop vault = new NextHop.At(
                "hop-v",
                new InetSocketAddress(InetAddress.getLoopbackAddress(), destination.getLocalPort()),
                HeaderProfile.NORMAL);
        return new RoutingTable(
                policy,
                new Route(new NextHop.Destination(), FlowServicesDraft.PLAIN, TcpTimeouts.DEFAULTS),
                ImmutableMap.of("vault", new Route(vault, FlowServicesDraft.PLAIN, TcpTimeouts.DEFAULTS)),
                ImmutableMap.of());
    }

    @Test
    void aDeniedFlowReachesNobody() throws Exception {
        change(p -> p.routing(routing(policy(new Outcome.Deny(), hosts("edge-1")))));
        Socket app = wire.connect();

        assertReset(app);
        Events.Closed end = closed();
        assertThat(end.ending()).isEqualTo(new CloseResult(CloseReason.POLICY_DENIED, "rule first"));
        assertThat(end.flow().decision()).contains(new Decision(Optional.of("first"), new Outcome.Deny()));
        assertThat(end.flow().next()).isEmpty();
        assertThat(events.decided.take().rule()).contains("first");
        assertNobodyConnected();
    }

    /** Asserts that the destination's queue is empty. */
    private void assertNobodyConnected() throws IOException {
        destination.setSoTimeout(1);
        assertThatThrownBy(destination::accept).isInstanceOf(SocketTimeoutException.class);
    }

    /** The originator in the header counts, not the sender. */
    @Test
    void thePolicyIsAskedAboutTheVerifiedOriginator() throws Exception {
        change(p -> p.routing(routing(policy(new Outcome.Deny(), hosts("edge-1")))));
        entrance = fromPreviousHop();
        Socket previous = wire.connect();
        previous.getOutputStream().write(header(previous, destinationAddress()).toByteArray());

        assertReset(previous);
        assertThat(ending()).isEqualTo(new CloseResult(CloseReason.POLICY_DENIED, "rule first"));
        assertThat(events.verified.take()).isInstanceOf(Verification.Verified.class);
    }

    @Test
    void aRuleSendsAFlowToAnotherHopWithAHeaderForIt() throws Exception {
        Outcome toVault = new Outcome.Allow(Optional.of("vault"), Optional.of("bulk"));
        change(p -> p.routing(routing(policy(toVault, hosts("edge-1")))));
        Socket app = wire.connect();

        Socket vault = destination.accept();
        Header header = read(vault);
        vault.close();
        app.close();
        assertThat(ChainTlv.STANDARD.read(header))
                .isInstanceOfSatisfying(
                        ChainRead.Found.class,
                        found -> assertThat(
                                        found.chain().links().getLast().link().audience())
                                .isEqualTo(HopId.of("hop-v")));
        FlowView flow = closed().flow();
        assertThat(flow.next().map(NextHop::name)).contains("hop-v");
        assertThat(flow.decision()).contains(new Decision(Optional.of("first"), toVault));
    }

    @Test
    void aFlowThatMatchesOnlyTheLastRuleUsesTheDefaultRoute() throws Exception {
        change(p -> p.routing(routing(policy(new Outcome.Deny(), hosts("edge-2")))));
        Socket app = wire.connect();

        Socket there = destination.accept();
        app.close();
        there.close();
        FlowView flow = closed().flow();
        assertThat(flow.decision()).contains(new Decision(Optional.of("rest"), Outcome.Allow.PLAIN));
        assertThat(flow.next()).contains(new NextHop.Destination());
    }

    /** A policy that throws allows nothing. */
    @Test
    void aPolicyThatFailsDenies() throws Exception {
        change(p -> p.routing = () -> {
            throw new IllegalStateException("no policy, made by this test");
        });
        Socket app = wire.connect();

        assertReset(app);
        assertThat(ending().reason()).isEqualTo(CloseReason.INTERNAL_ERROR);
        assertNobodyConnected();
    }

    /** A rule that can't be evaluated; the configuration reader would reject it. */
    @Test
    void aPolicyThatThrowsIsCountedAndLoggedOnce() throws Exception {
        HopMetrics metrics = new HopMetrics();
        change(p -> {
            p.routing(routing(policy(Outcome.Allow.PLAIN, hosts("not a name"))));
            p.events = FlowEvents.all(List.of(metrics, events));
        });
        try (LogLines log = new LogLines(Flow.class)) {
            Socket app = wire.connect();

            assertReset(app);
            assertThat(ending().reason()).isEqualTo(CloseReason.INTERNAL_ERROR);
            assertThat(log.take()).singleElement(STRING).matches("ERROR flow [0-9]+ failed in stage identifying");
        }
        assertNobodyConnected();
        assertThat(events.closed).as("it ends once").isEmpty();
        assertThat(events.decided).as("nothing was decided").isEmpty();
        assertThat(metrics.scrape().lines())
                .contains("throughline_flows_closed_total{reason=\"internal-error\"} 1.0")
                .contains("throughline_flows_closed_total{reason=\"policy-denied\"} 0.0")
                .noneMatch(line -> line.startsWith("throughline_policy_decisions"));
    }

    @Test
    void aRouteThatIsNotThereIsNotReplacedByAnother() throws Exception {
        Outcome nowhere = new Outcome.Allow(Optional.of("nowhere"), Optional.empty());
        change(p -> p.routing(routing(policy(nowhere, hosts("edge-1")))));
        Socket app = wire.connect();

        assertReset(app);
        assertThat(ending().reason()).isEqualTo(CloseReason.INTERNAL_ERROR);
        assertNobodyConnected();
    }
}
