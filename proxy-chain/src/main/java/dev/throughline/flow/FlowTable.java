package dev.throughline.flow;

import dev.throughline.header.Tuple;
import dev.throughline.originator.Originator;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The open flows of a hop. Thread-safe. */
public final class FlowTable implements MeterBinder {
    private final int limit;
    private final Map<Long, Flow> flows = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();

    /** Creates a table for at most {@code limit} flows at once. */
    public FlowTable(int limit) {
        this.limit = limit;
    }

    long nextNumber() {
        return numbers.incrementAndGet();
    }

    /** Returns how many flows have started. */
    public long started() {
        return numbers.get();
    }

    /** Adds a flow until it is closed, also one that will be rejected. */
    void add(Flow flow) {
        flows.put(flow.number(), flow);
    }

    boolean isOverfull() {
        return flows.size() > limit;
    }

    void remove(Flow flow) {
        flows.remove(flow.number());
    }

    Collection<Flow> flows() {
        return flows.values();
    }

    public int size() {
        return flows.size();
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("throughline.flows.open", this, FlowTable::size)
                .description("Open flows")
                .register(registry);
    }

    /** Returns all flows, oldest first. */
    public List<FlowView> list() {
        return flows.values().stream()
                .sorted(Comparator.comparingLong(Flow::number))
                .map(Flow::view)
                .toList();
    }

    /** Returns the flows whose originator connected with {@code tuple}, or whose inbound connection has these addresses. */
    public List<FlowView> find(Tuple tuple) {
        return list().stream()
                .filter(flow -> flow.originator().map(Originator::tuple).equals(Optional.of(tuple))
                        || flow.connection()
                                .flatMap(AcceptedConnection::connection)
                                .equals(Optional.of(tuple)))
                .toList();
    }

    /** Ends every open flow. */
    public void stopAll(CloseReason reason) {
        flows.values().forEach(flow -> flow.stop(reason));
    }
}
