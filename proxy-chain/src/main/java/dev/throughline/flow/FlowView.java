package dev.throughline.flow;

import dev.throughline.chain.Opening;
import dev.throughline.chain.Verification;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.Originator;
import dev.throughline.policy.Decision;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A snapshot of a flow for the log, the table and the admin interface.
 *
 * @param number of the flow on this hop, from 1
 * @param listener name of the listener
 * @param stage how far it is
 * @param arrival the accepted connection, once its addresses are known
 * @param kernel the owner of the other end, if this host's kernel was asked
 * @param verification of its header, if one was verified
 * @param originator who opened it, once that is known
 * @param decision of the policy, once it was made
 * @param next the next hop or the destination, once the route is chosen
 * @param transport of the upstream connection, once it is chosen
 * @param closedDetails details that the header to the next hop hides, with the values that prove them later
 * @param bytesOut from the originator towards the destination
 * @param bytesIn back to the originator
 */
public record FlowView(
        long number,
        String listener,
        Stage stage,
        Instant acceptedAt,
        Duration age,
        Optional<AcceptedConnection> arrival,
        Optional<SocketIdentity> kernel,
        Optional<Verification> verification,
        Optional<Originator> originator,
        Optional<Decision> decision,
        Optional<NextHop> next,
        Optional<String> transport,
        List<Opening> closedDetails,
        long bytesOut,
        long bytesIn) {

    /** How far a flow is. */
    public enum Stage {
        ARRIVING,
        IDENTIFYING,
        VERIFYING,
        WAITING,
        CONNECTING,
        RELAYING,
        CLOSED;

        @Override
        public String toString() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
