package dev.throughline.demo.emulator;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Metadata;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Settings;
import dev.throughline.header.Bytes;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The state of the emulated system for the agent's process: slots in use, and the flow of each connection. Slots are used by one thread. */
final class EmulatedSystem {
    private final Settings settings;
    private final Runnable changed;
    private final Set<Bytes> handles = ConcurrentHashMap.newKeySet();
    private final Map<Integer, Metadata> byPort = new ConcurrentHashMap<>();
    private long inUse;
    private long waiting;

    /**
     * Creates a system without connections.
     *
     * @param changed called after each change of the numbers in {@link #limits}
     */
    EmulatedSystem(Settings settings, Runnable changed) {
        this.settings = settings;
        this.changed = changed;
    }

    /** A slot of one connection, in use from its start. A connection that waits for a slot waits for ever. */
    final class Slot {
        private final boolean waits;
        private boolean free;

        private Slot(boolean waits) {
            this.waits = waits;
        }

        boolean waits() {
            return waits;
        }

        /** Frees the slot of a cancelled or ended connection. A second call has no effect. */
        void release() {
            if (!free) {
                free = true;
                inUse--;
                waiting -= waits ? 1 : 0;
                changed.run();
            }
        }
    }

    Slot take() {
        Slot slot = new Slot(settings.limit() != NetworkFrameworkEmulator.NO_LIMIT && inUse >= settings.limit());
        inUse++;
        waiting += slot.waits ? 1 : 0;
        changed.run();
        return slot;
    }

    BridgeAnswer.AgentNotice.Limits limits() {
        return new BridgeAnswer.AgentNotice.Limits(settings.limit(), inUse, waiting);
    }

    void know(Bytes handle) {
        handles.add(handle);
    }

    void forget(Bytes handle) {
        handles.remove(handle);
    }

    boolean knows(Bytes handle) {
        return handles.contains(handle);
    }

    boolean carries(Optional<Bytes> handle) {
        return settings.carries() && handle.isPresent();
    }

    void opens(int port, Optional<Bytes> handle) {
        byPort.put(
                port,
                settings.carries()
                        ? handle.<Metadata>map(Metadata.OfFlow::new).orElseGet(Metadata.AgentsOwn::new)
                        : new Metadata.AgentsOwn());
    }

    Optional<Metadata> metadata(int port) {
        return Optional.ofNullable(byPort.get(port));
    }
}
