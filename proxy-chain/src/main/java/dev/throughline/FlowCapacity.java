package dev.throughline;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * How many flows a hop can serve with the descriptors that it may open. A flow with a place takes two, one that has none yet
 * takes one, and the hop itself needs some. Waiting flows leave room for arrivals: otherwise an application with many
 * waiting flows would block all others.
 *
 * @param places flows that may have a place at once
 * @param waiting flows that may wait for one
 * @param rows flows in all: those with a place, those that wait, and those that arrive or are about to be refused
 */
record FlowCapacity(int places, int waiting, int rows) {
    /** For the threads that name processes, and hash what they run; for the admin interface; and for what is opened late. */
    static final int RESERVE = 16;

    private static final int FEWEST_ARRIVING = 8;

    /**
     * What fits.
     *
     * @param flows that the configuration allows
     * @param waiting that it allows
     * @param limit of descriptors (RLIMIT_NOFILE, getrlimit(2))
     * @param open descriptors that the hop has when it begins to listen, and those of its listeners
     */
    static FlowCapacity of(int flows, int waiting, long limit, long open) {
        long free = Math.max(0, limit - open - RESERVE);
        long some = Math.max(FEWEST_ARRIVING, free / 16);
        int arrivingNow = (int) Math.min(flows / 8 + 64, some);
        int waitingNow = (int) Math.min(waiting, some);
        int places = Math.clamp((free - arrivingNow - waitingNow) / 2, 1, flows);
        return new FlowCapacity(places, waitingNow, places + waitingNow + arrivingNow);
    }

    /** What fits with as many descriptors as are wanted. */
    static FlowCapacity of(int flows, int waiting) {
        return of(flows, waiting, Long.MAX_VALUE, 0);
    }

    /** What fits into this process, which has {@code listening} sockets to open yet. */
    static FlowCapacity ofThisProcess(int flows, int waiting, int listening) {
        if (!(ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix)) {
            throw new IllegalStateException("a hop runs on Linux");
        }
        return of(flows, waiting, descriptorLimit(), unix.getOpenFileDescriptorCount() + listening);
    }

    /** How many descriptors this process may open. */
    static long descriptorLimit() {
        long most = ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? unix.getMaxFileDescriptorCount()
                : Long.MAX_VALUE;
        // No limit is told as a negative number (RLIM_INFINITY, getrlimit(2)).
        return most < 0 ? Long.MAX_VALUE : most;
    }
}
