package dev.throughline.budget;

import com.google.common.collect.ImmutableList;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.function.Function;

/** Flows that wait for a place, those of a process that may go the same ways in the order in which they came. */
final class WaitingRoom {
    /** Whatever is the same, what holds for one of them holds for all. */
    private record Line(
            Claimant who, LimitClass limits, ImmutableList<ImmutableList<String>> ways, String destination) {
        static Line of(Ask ask) {
            return new Line(
                    ask.who(),
                    ask.limits(),
                    ask.ways(),
                    ask.limits().caps().equals(Caps.OPEN) ? "" : ask.destination());
        }
    }

    private int capacity;
    private final Map<Line, Deque<Ticket>> lines = new LinkedHashMap<>();
    private final ShareTree shares = new ShareTree();
    private final Map<ShareTree.Leaf, SequencedSet<Ticket>> ofProcess = new HashMap<>();

    WaitingRoom(int capacity) {
        this.capacity = capacity;
    }

    void capacity(int flows) {
        capacity = flows;
    }

    int size() {
        return shares.count();
    }

    /**
     * A flow comes in, if there is room for it or its originator is within its share of the room and another has more.
     *
     * @return whoever has to leave for it: the newest flow of the process with the most, in the executable, user and host with
     *     the most; or the flow itself
     */
    Optional<Ticket> add(Ticket ticket) {
        lines.computeIfAbsent(Line.of(ticket.ask()), _ -> new ArrayDeque<>()).addLast(ticket);
        ShareTree.Leaf process = shares.process(ticket.ask().who());
        shares.hold(process);
        shares.add(process);
        of(process).addLast(ticket);
        if (size() <= capacity) {
            return Optional.empty();
        }
        Ticket leaves =
                shares.giver(process, capacity).map(most -> of(most).getLast()).orElse(ticket);
        remove(leaves);
        return Optional.of(leaves);
    }

    /** Returns whether it still waited. */
    boolean remove(Ticket ticket) {
        Line line = Line.of(ticket.ask());
        Deque<Ticket> tickets = lines.get(line);
        if (tickets == null || !tickets.remove(ticket)) {
            return false;
        }
        if (tickets.isEmpty()) {
            lines.remove(line);
        }
        ShareTree.Leaf process = shares.process(ticket.ask().who());
        shares.remove(process);
        of(process).remove(ticket);
        if (shares.letGo(process)) {
            ofProcess.remove(process);
        }
        return true;
    }

    private SequencedSet<Ticket> of(ShareTree.Leaf process) {
        return ofProcess.computeIfAbsent(process, _ -> new LinkedHashSet<>());
    }

    /** The first of each line; those with the smallest counts come first, and of those with the same, the one that came first. */
    List<Ticket> heads(Function<Ask, ShareTree.Counts> counts) {
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
