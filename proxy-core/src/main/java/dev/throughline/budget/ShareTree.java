package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkState;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The counts of one pool by originator: hosts, their users, their executables, their processes. */
final class ShareTree {
    /** A group or a process. */
    abstract static sealed class Node extends Ranking.Member {
        final @Nullable Group parent;
        final String name;
        int slots;
        /** A lower bound of the time when any of its evictable flows last moved a byte; undefined if there are none. */
        private long idleFrom;

        private boolean hasIdle;

        private Node(@Nullable Group parent, String name) {
            this.parent = parent;
            this.name = name;
        }

        /** Returns its number of counted slots. */
        int slots() {
            return slots;
        }

        /** Returns whether one of its flows may have been idle since {@code before}. */
        boolean mayBeIdle(long before) {
            return hasIdle && idleFrom - before <= 0;
        }

        void lowerIdleFrom(long moved) {
            idleFrom = hasIdle && idleFrom - moved <= 0 ? idleFrom : moved;
            hasIdle = true;
        }

        void idleFrom(OptionalLong moved) {
            hasIdle = moved.isPresent();
            idleFrom = moved.orElse(0);
        }
    }

    /** A group whose members share its part: the whole pool, a host, a user or an executable. */
    static final class Group extends Node {
        private final Map<String, Node> members = new HashMap<>();
        private final Ranking ranking = new Ranking();
        private boolean refreshed;
        private long refreshedAt;

        private Group(@Nullable Group parent, String name) {
            super(parent, name);
        }

        private Group group(String name) {
            Group group = (Group) members.get(name);
            if (group == null) {
                group = new Group(this, name);
                members.put(name, group);
            }
            return group;
        }

        private void rankAll() {
            for (Node member : members.values()) {
                if (member instanceof Group group) {
                    group.rankAll();
                }
                ranking.set(member, member.slots);
            }
        }

        private void clearRanks() {
            ranking.clear();
            for (Node member : members.values()) {
                if (member instanceof Group group) {
                    group.clearRanks();
                }
            }
        }

        private void clearIdle() {
            idleFrom(OptionalLong.empty());
            refreshed = false;
            for (Node member : members.values()) {
                if (member instanceof Group group) {
                    group.clearIdle();
                } else if (member instanceof Leaf process) {
                    process.idleFrom(OptionalLong.empty());
                    process.idle.clear();
                }
            }
        }

        private Leaf process(String name) {
            Leaf process = (Leaf) members.get(name);
            if (process == null) {
                process = new Leaf(this, name);
                members.put(name, process);
            }
            return process;
        }

        /** Raises its bound to that of its members, at most once in {@code rest}, since that takes a step for each member. */
        private void refreshIdleFrom(long before, long rest) {
            if (refreshed && before - refreshedAt < rest) {
                return;
            }
            refreshed = true;
            refreshedAt = before;
            idleFrom(OptionalLong.empty());
            for (Node member : members.values()) {
                if (member.hasIdle) {
                    lowerIdleFrom(member.idleFrom);
                }
            }
        }
    }

    /** A process, which owns flows. */
    static final class Leaf extends Node {
        /** Its evictable flows, while their order is kept. */
        private final IdleOrder idle = new IdleOrder();
        /** The flows that can be preempted, oldest first. */
        private final SequencedSet<Slot> byAge = new LinkedHashSet<>();
        /** Number of slots or items that refer to it, counted or not. */
        private int references;

        private Leaf(Group parent, String name) {
            super(parent, name);
        }

        IdleOrder idle() {
            return idle;
        }

        /** Returns the flows that can be preempted, oldest first. */
        SequencedSet<Slot> byAge() {
            return byAge;
        }
    }

    private final Group root = new Group(null, "");
    /** The number of slots when the groups were last ranked; 0 while they aren't. */
    private int rankedAt;
    /** The number of slots when the flows were last ordered by idle time; 0 while they aren't. */
    private int idleOrderedAt;

    /** Returns the number of counted slots. */
    int count() {
        return root.slots;
    }

    boolean isEmpty() {
        return root.members.isEmpty() && count() == 0;
    }

    /** Returns the process of {@code who}, adding it if it is missing. */
    Leaf process(Account who) {
        return root.group(who.host()).group(who.user()).group(who.executable()).process(who.process());
    }

    /** Adds one slot to the count of a process. */
    void add(Leaf process) {
        count(process, 1);
    }

    /** Removes one slot from the count of a process. */
    void remove(Leaf process) {
        checkState(process.slots > 0, "a count below 0");
        count(process, -1);
        if (root.slots <= rankedAt / 2) {
            rankedAt = 0;
            root.clearRanks();
        }
    }

    private void count(Leaf process, int change) {
        for (Node node = process; node != null; node = node.parent) {
            node.slots += change;
            if (rankedAt > 0 && node.parent != null) {
                node.parent.ranking.set(node, node.slots);
            }
        }
    }

    /**
     * Ranks all groups when ranks are first needed, until half of the slots are free. Most pools never get that full: this
     * saves them three quarters of the cost of a flow (1.9 instead of 7.7 µs, measured by BudgetCost).
     */
    private void rankAll() {
        if (rankedAt == 0) {
            rankedAt = root.slots;
            root.rankAll();
        }
    }

    /** The number of slots of a process and of the groups around it; ordered by the outermost that differs. */
    record Counts(int host, int user, int executable, int process) implements Comparable<Counts> {
        private static final Comparator<Counts> ORDER = Comparator.comparingInt(Counts::host)
                .thenComparingInt(Counts::user)
                .thenComparingInt(Counts::executable)
                .thenComparingInt(Counts::process);

        @Override
        public int compareTo(Counts other) {
            return ORDER.compare(this, other);
        }
    }

    /** Returns the number of slots of {@code who} on each level. */
    Counts counts(Account who) {
        Node host = member(root, who.host());
        Node user = member(host, who.user());
        Node executable = member(user, who.executable());
        Node process = member(executable, who.process());
        return new Counts(count(host), count(user), count(executable), count(process));
    }

    /** Returns the process of {@code who}, if it is in the tree. */
    Optional<Leaf> find(Account who) {
        Node executable = member(member(member(root, who.host()), who.user()), who.executable());
        return Optional.ofNullable((Leaf) member(executable, who.process()));
    }

    private static @Nullable Node member(@Nullable Node of, String name) {
        return of instanceof Group group ? group.members.get(name) : null;
    }

    private static int count(@Nullable Node node) {
        return node == null ? 0 : node.slots;
    }

    /** Keeps a process in the tree until {@link #removeUnused}. */
    void hold(Leaf process) {
        process.references++;
    }

    /** Removes a process without references, and the groups that become empty. Returns whether it did. */
    boolean removeUnused(Leaf process) {
        process.references--;
        if (process.references > 0) {
            return false;
        }
        Node gone = process;
        for (Group group = gone.parent; group != null; group = group.parent) {
            group.members.remove(gone.name);
            if (!group.members.isEmpty()) {
                break;
            }
            gone = group;
        }
        return true;
    }

    /** Returns whether a process has more than its share of {@code slots}. */
    boolean exceeds(Leaf process, int slots) {
        return exceeds(process, slots, false);
    }

    /**
     * Returns whether a process has more than its share, rounded up to whole slots on each level: so each of several equal
     * members may exceed a fractional share, though not all of them can at once. The shares of an executable's processes are
     * rounded down, because an executable can have any number of processes.
     */
    boolean exceedsWhole(Leaf process, int slots) {
        return exceeds(process, slots, true);
    }

    /**
     * Returns the process that gives up a slot for {@code process}, which has one more than it can keep: the largest process of
     * the largest executable of the largest user of the largest host. Levels are compared from the host inwards; the first one
     * counts on which another member has more slots than {@code process}, and {@code process} has no more than its share of
     * {@code guaranteed} slots. Empty if there is no such level.
     */
    Optional<Leaf> giver(Leaf process, int guaranteed) {
        rankAll();
        List<Node> path = new ArrayList<>(4);
        for (Node node = process; node.parent != null; node = node.parent) {
            path.addFirst(node);
        }
        for (Node mine : path) {
            Node largest = largestBeside(mine);
            if (largest.slots > mine.slots && !exceeds(mine, guaranteed, true)) {
                return Optional.of(largestIn(largest));
            }
        }
        return Optional.empty();
    }

    private static Node largestBeside(Node node) {
        Group group = node.parent;
        return group == null ? node : (Node) group.ranking.largest().orElse(node);
    }

    private static Leaf largestIn(Node node) {
        return switch (node) {
            case Leaf process -> process;
            case Group group -> largestIn((Node) group.ranking.largest().orElseThrow());
        };
    }

    private boolean exceeds(Node node, int shared, boolean wholeSlots) {
        if (count() <= shared) {
            return false;
        }
        rankAll();
        return part(node, shared, wholeSlots) < node.slots;
    }

    /** Returns a node's part of {@code slots}: its count, or its share if that is less. */
    private static int part(Node node, int slots, boolean wholeSlots) {
        Group group = node.parent;
        if (group == null) {
            return slots;
        }
        int groupsPart = part(group, slots, wholeSlots);
        if (groupsPart == group.slots) {
            return node.slots;
        }
        boolean roundUp = wholeSlots && node instanceof Group;
        return Math.min(node.slots, roundUp ? group.ranking.roof(groupsPart) : group.ranking.level(groupsPart));
    }

    /**
     * Orders the flows by idle time when one is first to be evicted, until half of the slots are free, as {@link #rankAll} does
     * with the groups: most pools never get that full, and the order is a third of the cost of a flow.
     */
    void orderIdle() {
        if (idleOrderedAt == 0) {
            idleOrderedAt = root.slots;
            orderIdle(root);
        }
    }

    /** Drops the order of {@link #orderIdle} if half of the slots are free. Not while flows are evicted, which needs it. */
    void dropIdleOrder() {
        if (idleOrderedAt > 0 && root.slots <= idleOrderedAt / 2) {
            idleOrderedAt = 0;
            root.clearIdle();
        }
    }

    private void orderIdle(Group group) {
        for (Node member : group.members.values()) {
            if (member instanceof Group inner) {
                orderIdle(inner);
            } else if (member instanceof Leaf process) {
                for (Slot slot : process.byAge) {
                    if (slot.lease().isEvictable()) {
                        addIdle(slot);
                    }
                }
            }
        }
    }

    /** Makes a flow of a process evictable. Does nothing while flows aren't ordered by idle time. */
    void addIdle(Slot slot) {
        if (idleOrderedAt == 0) {
            return;
        }
        slot.process().idle.add(slot);
        for (Node node = slot.process(); node != null; node = node.parent) {
            node.lowerIdleFrom(slot.seenMoved());
        }
    }

    /** Removes an evictable flow of a process. */
    void removeIdle(Slot slot) {
        if (idleOrderedAt > 0) {
            slot.process().idle.remove(slot);
        }
    }

    /**
     * Passes the longest idle flow of each process that has more than its share of {@code shared} slots, if it has moved no
     * byte since {@code before}.
     *
     * @param rest minimum time between two computations of a group's bound
     */
    void idle(int shared, long before, long rest, Consumer<Slot> each) {
        if (count() > shared && root.mayBeIdle(before)) {
            rankAll();
            idle(root, shared, before, rest, each);
        }
    }

    private static void idle(Node node, int part, long before, long rest, Consumer<Slot> each) {
        if (!node.mayBeIdle(before)) {
            return;
        }
        switch (node) {
            case Leaf process -> {
                process.idle.longestIdle(before).ifPresent(each);
                node.idleFrom(process.idle.from());
            }
            case Group group -> {
                int level = group.ranking.level(part);
                group.ranking.above(level, member -> idle((Node) member, level, before, rest, each));
                group.refreshIdleFrom(before, rest);
            }
        }
    }
}
