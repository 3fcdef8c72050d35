package dev.throughline.hop;

import java.util.function.LongSupplier;

/**
 * Returns heap to the system that flows needed and that is garbage now. The virtual machine itself collects the old generation only
 * when it has no room, and a hop that is idle after a busy hour would keep all memory of that hour. The collection stops all threads
 * for some 20 ms, so it waits until few flows start.
 */
final class HeapTrim {
    /** Flows that may start between two checks of a hop that is idle. */
    static final int FEW = 20;
    /** Smallest growth of the heap that is worth a collection, in bytes; of a large heap, whose collection takes longer, a quarter. */
    static final long WORTH = 4 << 20;

    private final LongSupplier heap;
    private final LongSupplier flows;
    private final Runnable collection;
    private long flowsBefore;
    private long heapAfter;

    /**
     * Creates a trim, which assumes that nothing was collected yet.
     *
     * @param heap returns the size of the heap, in bytes
     * @param flows returns the number of flows that have started
     * @param collection collects garbage and returns free memory to the system
     */
    HeapTrim(LongSupplier heap, LongSupplier flows, Runnable collection) {
        this.heap = heap;
        this.flows = flows;
        this.collection = collection;
    }

    /** Returns a trim of this process. */
    static HeapTrim ofThisProcess(LongSupplier flows) {
        return new HeapTrim(Runtime.getRuntime()::totalMemory, flows, System::gc);
    }

    /** Collects garbage if the hop is idle and the heap has grown. */
    void check() {
        long started = flows.getAsLong();
        boolean idle = started - flowsBefore < FEW;
        flowsBefore = started;
        if (idle && heap.getAsLong() - heapAfter >= Math.max(WORTH, heapAfter / 4)) {
            collection.run();
            heapAfter = heap.getAsLong();
        }
    }
}
