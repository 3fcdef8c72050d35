package dev.throughline.budget;

import com.google.common.collect.ImmutableList;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
    private final Map<Claimant, Integer> waiting = new LinkedHashMap<>();
    private int size;

    WaitingRoom(int capacity) {
        this.capacity = capacity;
    }

    void capacity(int flows) {
        capacity = flows;
    }

    int size() {
        return size;
    }

    /** Whether one more may come in, if {@link #displaced} has to leave for it. */
    boolean isOpenTo(Claimant who) {
        return size < capacity || (capacity > 0 && of(who) + 1 < most());
    }

    /** The newest flow of the process with the most, if there is no room without it. */
    Optional<Ticket> displaced() {
        if (size < capacity) {
            return Optional.empty();
        }
        int most = most();
        Ticket newest = null;
        for (Map.Entry<Line, Deque<Ticket>> line : lines.entrySet()) {
            Ticket last = line.getValue().getLast();
            if (of(line.getKey().who) == most && (newest == null || last.number() > newest.number())) {
                newest = last;
            }
        }
        if (newest == null) {
            throw new IllegalStateException("full, and nobody waits");
        }
        remove(newest);
        return Optional.of(newest);
    }

    private int of(Claimant who) {
        return waiting.getOrDefault(who, 0);
    }

    private int most() {
        return waiting.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    }

    void add(Ticket ticket) {
        lines.computeIfAbsent(Line.of(ticket.ask()), _ -> new ArrayDeque<>()).addLast(ticket);
        waiting.merge(ticket.ask().who(), 1, Integer::sum);
        size++;
    }

    /** Whether it still waited. */
    boolean remove(Ticket ticket) {
        Line line = Line.of(ticket.ask());
        Deque<Ticket> tickets = lines.get(line);
        if (tickets == null || !tickets.remove(ticket)) {
            return false;
        }
        if (tickets.isEmpty()) {
            lines.remove(line);
        }
        waiting.computeIfPresent(ticket.ask().who(), (_, count) -> count == 1 ? null : count - 1);
        size--;
        return true;
    }

    /** The first of each line, in {@code order}. */
    List<Ticket> heads(Comparator<Ticket> order) {
        List<Ticket> heads = new ArrayList<>(lines.size());
        lines.values().forEach(line -> heads.add(line.getFirst()));
        heads.sort(order);
        return heads;
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
