package dev.throughline.intercept;

import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.flow.ListenerProfile;
import dev.throughline.identify.OwnProcess;
import dev.throughline.identify.SocketIdentity;
import java.util.Optional;

/**
 * The loop guard of a listener for applications: rejects connections of this hop and of other hops on this host.
 * Otherwise a mark that is missing from {@code later-marks} would let a flow loop, each time with a new chain in which
 * the verifier sees no loop.
 */
public final class ApplicationRule implements ListenerProfile.OwnerRule {
    @Override
    public Optional<FlowRejectedException> objection(SocketIdentity owner) {
        if (owner.mark().isPresent() && (owner.mark().getAsInt() & Marks.MAX) != 0) {
            return loop("a hop opened it, with mark 0x%x: is that mark in later-marks?"
                    .formatted(owner.mark().getAsInt() & Marks.MAX));
        }
        return owner.identity()
                        .process()
                        .filter(process -> process.pid() == OwnProcess.pid())
                        .isPresent()
                ? loop("this hop opened it: do its rules bypass its own mark?")
                : Optional.empty();
    }

    private static Optional<FlowRejectedException> loop(String detail) {
        return Optional.of(new FlowRejectedException(CloseReason.LOOP, detail));
    }
}
