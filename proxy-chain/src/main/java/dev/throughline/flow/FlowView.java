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
 * A flow at one moment, as the log, the table and the admin interface show it.
 *
 * @param number counts the flows of this hop, from 1
 * @param listener the way in
 * @param stage where on its line it is
 * @param arrival how it came, once that is known
 * @param kernel what this host's kernel says about who holds the other end, where it was asked
 * @param verification what came of its header, where one was expected
 * @param originator who opened it, once that is known
 * @param decision what the policy said of it, once it was asked
 * @param next the next hop or destination, once that is decided
 * @param transport of the upstream connection, as far as it is known
 * @param closedDetails what the next hop may not see or had no room for, with what it takes to prove it later
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

    /** Where on its line a flow is. */
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
