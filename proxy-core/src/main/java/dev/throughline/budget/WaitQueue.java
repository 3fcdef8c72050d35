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

/** The flows that wait for a place. Equal requests of a process form a line, in the order in which they came. */
final class WaitQueue {
    /** All that decides about a request: those of one line get a place or none together. */
    private record Line(Account who, LimitClass limits, List<List<String>> ways, String destination) {
        static Line of(LeaseRequest ask) {
            return new Line(
                    ask.who(),
                    ask.limits(),
                    ask.ways(),
                    ask.limits().caps().equals(Caps.OPEN) ? "" : ask.destination());
        }
    }

    private final Map<Line, Deque<Ticket>> lines = new LinkedHashMap<>();
    private final SharedRoom<Ticket> room;

    WaitQueue(int capacity) {
        this.room = new SharedRoom<>(capacity);
    }

    int size() {
        return room.size();
    }

    /** Adds a flow. Returns the one that is removed for it, or the flow itself if the queue has no space for it. */
    Optional<Ticket> add(Ticket ticket) {
        lines.computeIfAbsent(Line.of(ticket.ask()), _ -> new ArrayDeque<>()).addLast(ticket);
        Optional<Ticket> leaves = room.add(ticket.ask().who(), ticket);
        leaves.ifPresent(this::leave);
        return leaves;
    }

    /** Returns whether it still waited. */
    boolean remove(Ticket ticket) {
        return room.remove(ticket.ask().who(), ticket) && leave(ticket);
    }

    private boolean leave(Ticket ticket) {
        Line line = Line.of(ticket.ask());
        Deque<Ticket> tickets = lines.get(line);
        boolean left = tickets != null && tickets.remove(ticket);
        if (tickets != null && tickets.isEmpty()) {
            lines.remove(line);
        }
        return left;
    }

    /** Returns the first flow of each line, those with the smallest counts first; of equals, the one that came first. */
    List<Ticket> heads(Function<LeaseRequest, ShareTree.Counts> counts) {
        record Head(Ticket ticket, ShareTree.Counts counts) {}
        return lines.values().stream()
                .map(Deque::getFirst)
                .map(ticket -> new Head(ticket, counts.apply(ticket.ask())))
                .sorted(Comparator.comparing(Head::counts).thenComparingLong(head -> head.ticket.number()))
                .map(Head::ticket)
                .toList();
    }

    /** Removes and returns the flows whose wait is over. */
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
