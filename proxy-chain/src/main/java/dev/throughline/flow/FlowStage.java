package dev.throughline.flow;

import dev.throughline.chain.Opening;
import dev.throughline.chain.Verification;
import dev.throughline.header.Bytes;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.Originator;
import dev.throughline.policy.Decision;
import dev.throughline.relay.Relay;
import dev.throughline.transport.UpstreamConnection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The stage of a flow. Each holds the one before it, and what became known or was opened in between. */
sealed interface FlowStage {
    /** Returns its name in the log and in the table of flows. */
    FlowView.Stage name();

    /** Returns the stage before this one. */
    @Nullable
    FlowStage before();

    /** Returns this stage or the last one before it of the given type. */
    default <T extends FlowStage> Optional<T> find(Class<T> type) {
        for (FlowStage stage = this; stage != null; stage = stage.before()) {
            if (type.isInstance(stage)) {
                return Optional.of(type.cast(stage));
            }
        }
        return Optional.empty();
    }

    /** A connection was accepted. */
    record Arriving() implements FlowStage {
        /** The one of every flow: it holds nothing. */
        static final Arriving STAGE = new Arriving();

        @Override
        public FlowView.Stage name() {
            return FlowView.Stage.ARRIVING;
        }

        @Override
        public @Nullable FlowStage before() {
            return null;
        }
    }

    /** Source and original destination of the connection are known. */
    record Accepted(FlowView.Stage name, AcceptedConnection connection) implements FlowStage {
        Accepted at(FlowView.Stage next) {
            return new Accepted(next, connection);
        }

        @Override
        public FlowStage before() {
            return Arriving.STAGE;
        }
    }

    /**
     * The owner of the connection's other end was looked up, if it is on this host.
     *
     * @param verification of the header, once one was verified or rejected
     */
    record Identified(
            FlowView.Stage name, Accepted accepted, Optional<SocketIdentity> owner, Optional<Verification> verification)
            implements FlowStage {
        Identified at(FlowView.Stage next) {
            return new Identified(next, accepted, owner, verification);
        }

        Identified verified(Verification result) {
            return new Identified(name, accepted, owner, Optional.of(result));
        }

        @Override
        public FlowStage before() {
            return accepted;
        }
    }

    /**
     * The originator is known: from here on, and never before, a header can be signed.
     *
     * @param hostName name of the destination, if an agent knows it
     * @param handle an agent's id of the flow
     */
    record Originated(
            FlowView.Stage name,
            Identified identified,
            Originator originator,
            Optional<String> hostName,
            Optional<Bytes> handle)
            implements FlowStage {
        Originated at(FlowView.Stage next) {
            return new Originated(next, identified, originator, hostName, handle);
        }

        /** Returns the verified chain of the flow; empty on the first hop. */
        Optional<Verification.Verified> chain() {
            return identified
                    .verification()
                    .filter(Verification.Verified.class::isInstance)
                    .map(Verification.Verified.class::cast);
        }

        @Override
        public FlowStage before() {
            return identified;
        }
    }

    /** The policy has decided. A reloaded policy applies to later flows. */
    record Decided(Originated originated, Decision decision) implements FlowStage {
        @Override
        public FlowView.Stage name() {
            return originated.name();
        }

        @Override
        public FlowStage before() {
            return originated;
        }
    }

    /** The flow waits for slots in the budget, or connects. */
    record Routed(FlowView.Stage name, Decided decided, Route route, UpstreamConnector connector) implements FlowStage {
        Routed at(FlowView.Stage next) {
            return new Routed(next, decided, route, connector);
        }

        Originated originated() {
            return decided.originated();
        }

        @Override
        public FlowStage before() {
            return decided;
        }
    }

    /**
     * The upstream connection is open.
     *
     * @param closedDetails details that the header hides, with the values that prove them later
     */
    record Connected(Routed routed, UpstreamConnection upstream, List<Opening> closedDetails) implements FlowStage {
        @Override
        public FlowView.Stage name() {
            return FlowView.Stage.CONNECTING;
        }

        @Override
        public FlowStage before() {
            return routed;
        }
    }

    /** Bytes are relayed. */
    record Relaying(Connected connected, Relay relay) implements FlowStage {
        @Override
        public FlowView.Stage name() {
            return FlowView.Stage.RELAYING;
        }

        @Override
        public FlowStage before() {
            return connected;
        }
    }

    /** The flow is over, and everything that it had is released. */
    record Closed(FlowStage last) implements FlowStage {
        @Override
        public FlowView.Stage name() {
            return FlowView.Stage.CLOSED;
        }

        @Override
        public FlowStage before() {
            return last;
        }
    }
}
