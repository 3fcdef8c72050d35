package dev.throughline.budget;

import com.google.common.collect.ImmutableList;
import java.util.HashMap;
import java.util.Map;
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

        private Node(@Nullable Node parent, String name, boolean isProcess) {
            this.parent = parent;
            this.name = name;
            this.isProcess = isProcess;
        }

        private boolean isProcess() {
            return isProcess;
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

    /** The process of {@code who}, which is kept until it is let go of as often. */
    Node process(Claimant who) {
        Node host = member(root, who.host(), false);
        Node user = member(host, who.user(), false);
        Node executable = member(user, who.executable(), false);
        Node process = member(executable, who.process(), true);
        process.references++;
        return process;
    }

    /** Places of one process. */
    int count(Claimant who) {
        Node node = root;
        for (String name : ImmutableList.of(who.host(), who.user(), who.executable(), who.process())) {
            node = node.members.get(name);
            if (node == null) {
                return 0;
            }
        }
        return node.count();
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

    /** Forgets a process that nobody refers to any more, and everybody who is left without one. */
    void letGo(Node process) {
        process.references--;
        Node node = process;
        while (node.parent != null && node.references == 0 && node.members.isEmpty()) {
            node.parent.members.remove(node.name);
            node = node.parent;
        }
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

    /** Shows all processes that have more than their share of {@code places}. */
    void above(int places, Consumer<Node> each) {
        if (root.places() > places) {
            above(root, places, each);
        }
    }

    private static void above(Node node, int part, Consumer<Node> each) {
        if (node.isProcess()) {
            each.accept(node);
            return;
        }
        int level = node.ranking.level(part);
        node.ranking.above(level, member -> above((Node) member, level, each));
    }
}
