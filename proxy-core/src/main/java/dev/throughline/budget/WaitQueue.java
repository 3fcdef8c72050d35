package dev.throughline.budget;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The flows that wait for a slot. Equal requests of a process form a line, in order of arrival. */
final class WaitQueue {
    /** The properties of a request that determine its result: requests of one line are granted or refused alike. */
    private record Line(Account who, LimitClass limits, List<List<String>> alternatives, String destination) {
        static Line of(LeaseRequest request) {
            return new Line(
                    request.account(),
                    request.limits(),
                    request.alternatives(),
                    request.limits().caps().equals(Caps.OPEN) ? "" : request.destination());
        }
    }

    private final Map<Line, Deque<Ticket>> lines = new LinkedHashMap<>();
    private final SharedSet<Ticket> tickets;

    WaitQueue(int capacity) {
        this.tickets = new SharedSet<>(capacity);
    }

    int size() {
        return tickets.size();
    }

    /** Adds a flow. Returns the flow that is removed for it, or the flow itself if it isn't added. */
    Optional<Ticket> add(Ticket ticket) {
        lines.computeIfAbsent(Line.of(ticket.request()), _ -> new ArrayDeque<>())
                .addLast(ticket);
        Optional<Ticket> leaves = tickets.add(ticket.request().account(), ticket);
        leaves.ifPresent(this::leave);
        return leaves;
    }

    /** Removes a flow. Returns whether it was waiting. */
    boolean remove(Ticket ticket) {
        return tickets.remove(ticket.request().account(), ticket) && leave(ticket);
    }

    private boolean leave(Ticket ticket) {
        Line line = Line.of(ticket.request());
        Deque<Ticket> tickets = lines.get(line);
        boolean left = tickets != null && tickets.remove(ticket);
        if (tickets != null && tickets.isEmpty()) {
            lines.remove(line);
        }
        return left;
    }

    /** Returns the first flow of each line, smallest counts first; the oldest among equals. */
    List<Ticket> heads(Function<LeaseRequest, ShareTree.Counts> counts) {
        record Head(Ticket ticket, ShareTree.Counts counts) {}
        return lines.values().stream()
                .map(Deque::getFirst)
                .map(ticket -> new Head(ticket, counts.apply(ticket.request())))
                .sorted(Comparator.comparing(Head::counts).thenComparingLong(head -> head.ticket.number()))
                .map(Head::ticket)
                .toList();
    }

    /** Removes and returns the flows whose wait has expired. */
    List<Ticket> expired(long now) {
        List<Ticket> expired = new ArrayList<>();
        for (Deque<Ticket> line : List.copyOf(lines.values())) {
            for (Ticket ticket : List.copyOf(line)) {
                if (ticket.deadline() - now <= 0 && remove(ticket)) {
                    expired.add(ticket);
                }
            }
        }
        return expired;
    }
}
