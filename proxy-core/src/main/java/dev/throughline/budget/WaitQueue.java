package dev.throughline.budget;

import com.google.common.collect.ImmutableList;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Flows that wait for a place, those of a process that may go the same ways in the order in which they came. */
final class WaitQueue {
    /** Whatever is the same, what holds for one of them holds for all. */
    private record Line(Account who, LimitClass limits, ImmutableList<ImmutableList<String>> ways, String destination) {
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

    /** A flow comes in; returns which has to leave for it, or the flow itself if there is no room for it. */
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

    /** The first of each line; those with the smallest counts come first, and of those with the same, the one that came first. */
    List<Ticket> heads(Function<LeaseRequest, ShareTree.Counts> counts) {
        record Head(Ticket ticket, ShareTree.Counts counts) {}
        return lines.values().stream()
                .map(Deque::getFirst)
                .map(ticket -> new Head(ticket, counts.apply(ticket.ask())))
                .sorted(Comparator.comparing(Head::counts).thenComparingLong(head -> head.ticket.number()))
                .map(Head::ticket)
                .toList();
    }

    /** Takes out those whose time is over. */
    ImmutableList<Ticket> expired(long now) {
        ImmutableList.Builder<Ticket> expired = ImmutableList.builder();
        for (Deque<Ticket> line : ImmutableList.copyOf(lines.values())) {
            for (Ticket ticket : ImmutableList.copyOf(line)) {
                if (ticket.deadline() - now <= 0 && remove(ticket)) {
                    expired.add(ticket);
                }
            }
        }
        return expired.build();
    }
}
