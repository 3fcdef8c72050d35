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
 * @param stage the current stage
 * @param acceptedAt when its connection was accepted
 * @param age time since then
 * @param setup time from then until the flow relayed, once it does
 * @param connection the accepted connection, once its addresses are known
 * @param owner the owner of the other end, if it was looked up
 * @param verification of its header, if one was verified
 * @param originator the originator, once it is known
 * @param decision the policy's decision, once made
 * @param next the next hop or the destination, once the route is chosen
 * @param transport the transport of the upstream connection, once chosen
 * @param closedDetails details that the header to the next hop hides, with the values that prove them later
 * @param bytesOut bytes from the originator to the destination
 * @param bytesIn bytes back to the originator
 */
public record FlowView(
        long number,
        String listener,
        Stage stage,
        Instant acceptedAt,
        Duration age,
        Optional<Duration> setup,
        Optional<AcceptedConnection> connection,
        Optional<SocketIdentity> owner,
        Optional<Verification> verification,
        Optional<Originator> originator,
        Optional<Decision> decision,
        Optional<NextHop> next,
        Optional<String> transport,
        List<Opening> closedDetails,
        long bytesOut,
        long bytesIn) {

    /** The stages of a flow, in order. */
    public enum Stage {
        ARRIVING,
        IDENTIFYING,
        VERIFYING,
        WAITING,
        CONNECTING,
        RELAYING,
        CLOSED;

        private final String text = name().toLowerCase(java.util.Locale.ROOT);

        @Override
        public String toString() {
            return text;
        }
    }
}
