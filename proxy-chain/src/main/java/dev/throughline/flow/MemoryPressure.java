package dev.throughline.flow;

import dev.throughline.originator.HostId;
import dev.throughline.originator.Originator;
import dev.throughline.relay.BufferMemory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * The response to full buffers: it closes the largest flows of the user whose flows hold the most, until enough
 * is free. Otherwise the next flow to read, of any user, would fail for lack of memory. Thread-safe.
 */
public final class MemoryPressure implements Runnable {
    /** The flows of one user with their memory. */
    private static final class UserMemory {
        private final List<FlowMemory> flows = new ArrayList<>();
        private long bytes;
    }

    /** The memory that a flow held at the check. */
    private record FlowMemory(Flow flow, int bytes) {}

    private final FlowTable table;
    private final FlowBudget budget;
    private final BufferMemory memory;
    private final Function<HostId, String> hostNames;
    private final ReentrantLock lock = new ReentrantLock();
    /** Flows that are being closed. No others are chosen before these have freed their memory. */
    private final List<Flow> closing = new ArrayList<>();

    /**
     * Creates a listener for {@code memory}.
     *
     * @param hostNames returns the name of a host for the log
     */
    public MemoryPressure(FlowTable table, FlowBudget budget, BufferMemory memory, Function<HostId, String> hostNames) {
        this.table = table;
        this.budget = budget;
        this.memory = memory;
        this.hostNames = hostNames;
    }

    /** Closes flows. Called on event loops while the memory is full. */
    @Override
    public void run() {
        if (!lock.tryLock()) {
            return;
        }
        try {
            closing.removeIf(Flow::isClosed);
            if (closing.isEmpty()) {
                free();
            }
        } finally {
            lock.unlock();
        }
    }

    private void free() {
        Map<UserOfHost, UserMemory> users = new HashMap<>();
        for (Flow flow : table.flows()) {
            int held = flow.heldBytes();
            Optional<Originator> who = flow.originator();
            if (held > 0 && who.isPresent()) {
                UserOfHost user = UserOfHost.of(budget.account(who.get()));
                UserMemory holding = users.computeIfAbsent(user, any -> new UserMemory());
                holding.flows.add(new FlowMemory(flow, held));
                holding.bytes += held;
            }
        }
        users.entrySet().stream()
                .max(Comparator.comparingLong(user -> user.getValue().bytes))
                .ifPresent(most -> close(most.getKey().user(), most.getValue()));
    }

    /** Closes flows down to seven eighths of the limit: otherwise the next byte would reach it again. */
    private void close(String user, UserMemory holding) {
        long excess = memory.used() - memory.limit() / 8 * 7;
        holding.flows.sort(Comparator.comparingInt(FlowMemory::bytes).reversed());
        String host = holding.flows
                .getFirst()
                .flow
                .originator()
                .map(Originator::host)
                .map(hostNames)
                .orElse("");
        String why =
                "user %s on %s holds %d of %d KiB".formatted(user, host, holding.bytes >> 10, memory.limit() >> 10);
        budget.shortages().buffers(why);
        for (FlowMemory held : holding.flows) {
            closing.add(held.flow);
            held.flow.stop(new CloseResult(CloseReason.MEMORY_PRESSURE, why));
            excess -= held.bytes;
            if (excess <= 0) {
                return;
            }
        }
    }
}
