package dev.throughline.tests.emulator;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.header.Bytes;
import dev.throughline.tests.emulator.NetworkFrameworkEmulator.Metadata;
import dev.throughline.tests.emulator.NetworkFrameworkEmulator.Settings;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What the system keeps of the agent's process: its places, and whose connections they are. Places are the one thread's. */
final class EmulatedSystem {
    private final Settings settings;
    private final Runnable changed;
    private final Set<Bytes> handles = ConcurrentHashMap.newKeySet();
    private final Map<Integer, Metadata> byPort = new ConcurrentHashMap<>();
    private long inUse;
    private long waiting;

    /** @param changed called when the limits change */
    EmulatedSystem(Settings settings, Runnable changed) {
        this.settings = settings;
        this.changed = changed;
    }

    /** In use from the start on; one that waits never does anything else. */
    final class Place {
        private final boolean waits;
        private boolean free;

        private Place(boolean waits) {
            this.waits = waits;
        }

        boolean waits() {
            return waits;
        }

        /** Cancelled, or ended; a second time does nothing. */
        void release() {
            if (!free) {
                free = true;
                inUse--;
                waiting -= waits ? 1 : 0;
                changed.run();
            }
        }
    }

    Place take() {
        Place place = new Place(settings.limit() != NetworkFrameworkEmulator.NO_LIMIT && inUse >= settings.limit());
        inUse++;
        waiting += place.waits ? 1 : 0;
        changed.run();
        return place;
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
