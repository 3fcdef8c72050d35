package dev.throughline.intercept;

import dev.throughline.flow.CloseReason;
import dev.throughline.flow.Entrance;
import dev.throughline.flow.Refused;
import dev.throughline.identify.LocalOwner;
import java.util.Optional;

/** The loop guard of a listener for applications: this hop's own connections are nobody's application. */
final class OwnProcessRule implements Entrance.OwnerRule {
    private static final int OWN_PID = Math.toIntExact(ProcessHandle.current().pid());

    @Override
    public Optional<Refused> objection(LocalOwner owner) {
        return owner.identity()
                .process()
                .filter(process -> process.pid() == OWN_PID)
                .map(process -> new Refused(CloseReason.LOOP, "this hop opened it: do its rules bypass its own mark?"));
    }
}
