package dev.throughline.budget;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How many places everybody has in one pool: hosts, their users, their executables, their processes. */
final class ShareTree {
    /** Somebody with places: the pool as a whole, a host, a user, an executable or a process. */
    static final class Node extends Ranking.Member {
        private final @Nullable Node parent;
        private final String name;
        private final Map<String, Node> members = new HashMap<>();
        private final Ranking ranking = new Ranking();
        /** Of a process: its flows that may be evicted. */
        private final IdleOrder idle = new IdleOrder();
        /** Of a process: those who refer to it, with a place that counts or with one that doesn't any more. */
        private int references;

        private final boolean isProcess;
        /** None of its flows that may be evicted has moved nothing for longer than since then; without any, there is none. */
        private long idleFrom;

        private boolean hasIdle;
        private boolean looked;
        private long lookedAt;

        private Node(@Nullable Node parent, String name, boolean isProcess) {
            this.parent = parent;
            this.name = name;
            this.isProcess = isProcess;
        }

        private boolean isProcess() {
            return isProcess;
        }

        /** Whether one of its flows may have moved nothing since {@code before}. */
        private boolean mayBeIdle(long before) {
            return hasIdle && idleFrom - before <= 0;
        }

        private void lowerIdleFrom(long moved) {
            idleFrom = hasIdle && idleFrom - moved <= 0 ? idleFrom : moved;
            hasIdle = true;
        }

        private void idleFrom(OptionalLong moved) {
            hasIdle = moved.isPresent();
            idleFrom = moved.orElse(0);
        }

        /** That takes a step a member, so it isn't done each time. */
        private void lookAtMembers(long before, long rest) {
            if (looked && before - lookedAt < rest) {
                return;
            }
            looked = true;
            lookedAt = before;
            hasIdle = false;
            for (Node member : members.values()) {
                if (member.hasIdle) {
                    lowerIdleFrom(member.idleFrom);
                }
            }
        }

        IdleOrder idle() {
            return idle;
        }

        private int places() {
            return parent == null ? (int) ranking.total() : count();
        }
    }

    private final Node root = new Node(null, "", false);

    /** Places in all. */
    int count() {
        return root.places();
    }

    /** Whether nobody is in it. */
    boolean isEmpty() {
        return root.members.isEmpty() && root.ranking.total() == 0;
    }

    /** The process of {@code who}, found from the outside in. */
    Node process(Claimant who) {
        Node host = member(root, who.host(), false);
        Node user = member(host, who.user(), false);
        Node executable = member(user, who.executable(), false);
        return member(executable, who.process(), true);
    }

    private static Node member(Node node, String name, boolean isProcess) {
        Node member = node.members.get(name);
        if (member == null) {
            member = new Node(node, name, isProcess);
            node.members.put(name, member);
        }
        return member;
    }

    /** The process has a place more. */
    void add(Node process) {
        for (Node node = process; node.parent != null; node = node.parent) {
            node.parent.ranking.increment(node);
        }
    }

    /** The process has a place less. */
    void remove(Node process) {
        for (Node node = process; node.parent != null; node = node.parent) {
            node.parent.ranking.decrement(node);
        }
    }

    /** Somebody refers to a process. */
    void hold(Node process) {
        process.references++;
    }

    /** Forgets a process that nobody refers to any more, and everybody who is left without one; whether it did. */
    boolean letGo(Node process) {
        process.references--;
        if (process.references > 0) {
            return false;
        }
        Node node = process;
        while (node.parent != null && node.members.isEmpty()) {
            node.parent.members.remove(node.name);
            node = node.parent;
        }
        return true;
    }

    /** Whether a process has more than its share of {@code places}. */
    boolean exceeds(Node process, int places) {
        return part(process, places, false) < process.count();
    }

    /**
     * The same, but a part of a place counts as a whole one, so that of those who have the same, each may have what all of them
     * can't. Not so between the processes of an executable: it can have as many as it likes.
     */
    boolean isAbove(Node process, int places) {
        return part(process, places, true) < process.count();
    }

    /** What is somebody's part of {@code places}: all that it has, unless it is above its share. */
    private static int part(Node node, int places, boolean wholePlaces) {
        if (node.parent == null) {
            return Math.min(node.places(), places);
        }
        int parents = part(node.parent, places, wholePlaces);
        if (parents == node.parent.places()) {
            return node.count();
        }
        Ranking members = node.parent.ranking;
        boolean roof = wholePlaces && !node.isProcess();
        return Math.min(node.count(), roof ? members.roof(parents) : members.level(parents));
    }

    /** A process's flow may be evicted from now on. */
    void addIdle(Place place) {
        place.process().idle.add(place);
        for (Node node = place.process(); node != null; node = node.parent) {
            node.lowerIdleFrom(place.seenMoved());
        }
    }

    /**
     * Shows, of each process that has more than its share of {@code places}, the flow that has moved nothing for the longest
     * time, if that is since {@code before} or longer.
     *
     * @param rest for how long what was seen of a group is good enough
     */
    void idle(int places, long before, long rest, Consumer<Place> each) {
        if (root.places() > places) {
            idle(root, places, before, rest, each);
        }
    }

    private static void idle(Node node, int part, long before, long rest, Consumer<Place> each) {
        if (!node.mayBeIdle(before)) {
            return;
        }
        if (node.isProcess()) {
            node.idle.longestIdle(before).ifPresent(each);
            node.idleFrom(node.idle.from());
            return;
        }
        int level = node.ranking.level(part);
        node.ranking.above(level, member -> idle((Node) member, level, before, rest, each));
        node.lookAtMembers(before, rest);
    }
}
