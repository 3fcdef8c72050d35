package dev.throughline.intercept;

import com.google.common.collect.ImmutableSet;
import dev.throughline.engine.Connection;
import dev.throughline.engine.PeerProcess;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.identify.UnixPeer;
import dev.throughline.platform.linux.PidFd;
import java.io.IOException;
import java.util.Optional;

/**
 * The resolver for connections of agents to the bridge's Unix socket. The kernel reports the connecting process. Users
 * without a configured agent are refused before /proc is read, so they can't cause that work.
 */
final class BridgeResolver implements AcceptedConnection.Resolver {
    /** SOL_SOCKET, SO_PEERPIDFD (asm-generic/socket.h), since Linux 6.5. */
    private static final int SO_PEERPIDFD = 77;

    private static final int SOL_SOCKET = 1;

    /** The text of ENOPROTOOPT, which is all that Netty's exception has: the kernel lacks the option. */
    private static final String NO_OPTION = "Protocol not available";

    private final ImmutableSet<Integer> uids;

    /** @param uids the users of all agents */
    BridgeResolver(ImmutableSet<Integer> uids) {
        this.uids = uids;
    }

    @Override
    public AcceptedConnection of(Connection connection) {
        PeerProcess peer;
        try {
            peer = connection.peerProcess();
        } catch (IOException e) {
            throw new FlowRejectedException(
                    CloseReason.AGENT_NOT_ALLOWED, "the kernel doesn't identify the peer: " + e.getMessage());
        }
        if (!uids.contains(peer.uid())) {
            throw new FlowRejectedException(
                    CloseReason.AGENT_NOT_ALLOWED, "user " + Integer.toUnsignedString(peer.uid()));
        }
        return new AcceptedConnection.Unix(new UnixPeer(peer.pid(), peer.uid(), () -> handle(connection)));
    }

    static Optional<PidFd> handle(Connection connection) throws IOException {
        try {
            return Optional.of(new PidFd(connection.option(SOL_SOCKET, SO_PEERPIDFD)));
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).endsWith(NO_OPTION)) {
                return Optional.empty();
            }
            throw new IOException("the connecting process has ended", e);
        }
    }
}
