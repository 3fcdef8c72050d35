package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkState;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How many places everybody has in one pool: hosts, their users, their executables, their processes. */
final class ShareTree {
    /** Somebody with places. */
    abstract static sealed class Node extends Ranking.Member {
        final @Nullable Group parent;
        final String name;
        /** None of its flows that may be evicted has moved nothing for longer than since then; without any, there is none. */
        private long idleFrom;

        private boolean hasIdle;

        private Node(@Nullable Group parent, String name) {
            this.parent = parent;
            this.name = name;
        }

        /** Whether one of its flows may have moved nothing since {@code before}. */
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

    /** Several that share: the pool as a whole, a host, a user or an executable. */
    static final class Group extends Node {
        private final Map<String, Node> members = new HashMap<>();
        private final Ranking ranking = new Ranking();
        private boolean looked;
        private long lookedAt;

        private Group(@Nullable Group parent, String name) {
            super(parent, name);
        }

        private int places() {
            return (int) ranking.total();
        }

        private void rankAll() {
            for (Node member : members.values()) {
                switch (member) {
                    case Group group -> group.rankAll();
                    case Leaf process -> {
                        for (int i = 0; i < process.places; i++) {
                            rank(process);
                        }
                    }
                }
            }
        }

        private void forgetRanks() {
            ranking.clear();
            for (Node member : members.values()) {
                if (member instanceof Group group) {
                    group.forgetRanks();
                }
            }
        }

        private Group group(String name) {
            return (Group) members.computeIfAbsent(name, _ -> new Group(this, name));
        }

        private Leaf process(String name) {
            return (Leaf) members.computeIfAbsent(name, _ -> new Leaf(this, name));
        }

        /** That takes a step a member, so it isn't done each time. */
        private void lookAtMembers(long before, long rest) {
            if (looked && before - lookedAt < rest) {
                return;
            }
            looked = true;
            lookedAt = before;
            idleFrom(OptionalLong.empty());
            for (Node member : members.values()) {
                if (member.hasIdle) {
                    lowerIdleFrom(member.idleFrom);
                }
            }
        }
    }

    /** A process: it has the flows. */
    static final class Leaf extends Node {
        /** Those that may be evicted. */
        private final IdleOrder idle = new IdleOrder();
        /** Those who refer to it, with a place that counts or with one that doesn't any more. */
        private int references;
        /** Those of its places that count. */
        private int places;

        private @Nullable Slot newest;
        private @Nullable Slot oldest;

        private Leaf(Group parent, String name) {
            super(parent, name);
        }

        IdleOrder idle() {
            return idle;
        }

        int places() {
            return places;
        }

        /** The flow that got its place last. */
        Optional<Slot> newest() {
            return Optional.ofNullable(newest);
        }

        void addNewest(Slot place) {
            place.older(newest);
            if (newest == null) {
                oldest = place;
            } else {
                newest.newer(place);
            }
            newest = place;
        }

        void addOldest(Slot place) {
            place.newer(oldest);
            if (oldest == null) {
                newest = place;
            } else {
                oldest.older(place);
            }
            oldest = place;
        }

        void forget(Slot place) {
            Slot older = place.older();
            Slot newer = place.newer();
            if (older == null) {
                oldest = newer;
            } else {
                older.newer(newer);
            }
            if (newer == null) {
                newest = older;
            } else {
                newer.older(older);
            }
            place.older(null);
            place.newer(null);
        }
    }

    private final Group root = new Group(null, "");
    private int places;
    /** How many places there were when everybody was ranked; 0 while nobody is. */
    private int ranked;

    /** Places in all. */
    int count() {
        return places;
    }

    /** Whether nobody is in it. */
    boolean isEmpty() {
        return root.members.isEmpty() && places == 0;
    }

    /** The process of {@code who}, found from the outside in. */
    Leaf process(Account who) {
        return root.group(who.host()).group(who.user()).group(who.executable()).process(who.process());
    }

    /** The process has a place more. */
    void add(Leaf process) {
        places++;
        process.places++;
        if (ranked > 0) {
            rank(process);
        }
    }

    private static void rank(Leaf process) {
        Node node = process;
        for (Group group = node.parent; group != null; group = group.parent) {
            group.ranking.increment(node);
            node = group;
        }
    }

    /** The process has a place less. */
    void remove(Leaf process) {
        checkState(process.places > 0, "a count below 0");
        places--;
        process.places--;
        if (ranked == 0) {
            return;
        }
        if (places <= ranked / 2) {
            ranked = 0;
            root.forgetRanks();
            return;
        }
        Node node = process;
        for (Group group = node.parent; group != null; group = group.parent) {
            group.ranking.decrement(node);
            node = group;
        }
    }

    /**
     * Ranks everybody. As long as everybody can have what he has it doesn't matter who has how much, and most pools are never
     * as full as that: it is done when it is asked for, and kept until half of the places are gone.
     */
    private void rankAll() {
        if (ranked == 0) {
            ranked = places;
            root.rankAll();
        }
    }

    /** How many places a process has, and those around it; ordered by the outermost that differs. */
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

    /** How many places {@code who} has on each level. */
    Counts counts(Account who) {
        rankAll();
        Optional<Node> host = member(Optional.of(root), who.host());
        Optional<Node> user = member(host, who.user());
        Optional<Node> executable = member(user, who.executable());
        Optional<Node> process = member(executable, who.process());
        return new Counts(count(host), count(user), count(executable), count(process));
    }

    /** The process of {@code who}, if it is in the tree. */
    Optional<Leaf> find(Account who) {
        Optional<Node> executable = member(member(member(Optional.of(root), who.host()), who.user()), who.executable());
        return member(executable, who.process()).map(Leaf.class::cast);
    }

    private static Optional<Node> member(Optional<? extends Node> of, String name) {
        return of.flatMap(
                node -> node instanceof Group group ? Optional.ofNullable(group.members.get(name)) : Optional.empty());
    }

    private static int count(Optional<Node> node) {
        return node.map(Node::count).orElse(0);
    }

    /** Somebody refers to a process. */
    void hold(Leaf process) {
        process.references++;
    }

    /** Forgets a process that nobody refers to any more, and everybody who is left without one; whether it did. */
    boolean letGo(Leaf process) {
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

    /** Returns whether a process has more than its share of {@code places}. */
    boolean exceeds(Leaf process, int places) {
        return exceeds(process, places, false);
    }

    /**
     * Returns whether a process has more than its share, rounded up to whole places on each level, so that of those who have
     * the same each may have what all of them can't. The processes of an executable round down: it can have any number of them.
     */
    boolean exceedsWhole(Leaf process, int places) {
        return exceeds(process, places, true);
    }

    /**
     * The process that gives up a place for {@code process}, which has one more than it can keep: the one with the most places
     * in the executable, the user and the host with the most. From the outside in, the first level counts on which another has more places
     * than {@code process} has there, and {@code process} there no more than its share of {@code guaranteed} places. Empty if there is no such level.
     */
    Optional<Leaf> giver(Leaf process, int guaranteed) {
        rankAll();
        List<Node> path = new ArrayList<>(4);
        for (Node node = process; node.parent != null; node = node.parent) {
            path.addFirst(node);
        }
        for (Node mine : path) {
            Node largest = largestBeside(mine);
            if (largest.count() > mine.count() && !exceeds(mine, guaranteed, true)) {
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

    private boolean exceeds(Node node, int shared, boolean wholePlaces) {
        if (places <= shared) {
            return false;
        }
        rankAll();
        return part(node, shared, wholePlaces) < node.count();
    }

    /** What is somebody's part of {@code places}: all that it has, unless it is above its share. */
    private static int part(Node node, int places, boolean wholePlaces) {
        Group group = node.parent;
        if (group == null) {
            return places;
        }
        int groups = part(group, places, wholePlaces);
        if (groups == group.places()) {
            return node.count();
        }
        boolean roof = wholePlaces && node instanceof Group;
        return Math.min(node.count(), roof ? group.ranking.roof(groups) : group.ranking.level(groups));
    }

    /** A process's flow may be evicted from now on. */
    void addIdle(Slot place) {
        place.process().idle.add(place);
        for (Node node = place.process(); node != null; node = node.parent) {
            node.lowerIdleFrom(place.seenMoved());
        }
    }

    /**
     * Shows, of each process that has more than its share of {@code shared}, the flow that has moved nothing for the longest
     * time, if that is since {@code before} or longer.
     *
     * @param rest for how long what was seen of a group is good enough
     */
    void idle(int shared, long before, long rest, Consumer<Slot> each) {
        if (places > shared && root.mayBeIdle(before)) {
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
                group.lookAtMembers(before, rest);
            }
        }
    }
}
