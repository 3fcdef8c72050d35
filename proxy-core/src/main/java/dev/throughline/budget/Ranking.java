package dev.throughline.budget;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The members of a group, sorted by their counts. Members with count 0 are not included. */
final class Ranking {
    /** A member of one ranking. */
    abstract static class Member {
        private int count;
    }

    private final NavigableMap<Integer, SequencedSet<Member>> byCount = new TreeMap<>();
    private int total;
    private int members;

    /** Returns one of the members with the largest count; empty if all counts are 0. */
    Optional<Member> largest() {
        return Optional.ofNullable(byCount.lastEntry())
                .map(most -> most.getValue().getFirst());
    }

    /** Sets a member's count, 0 or more. */
    void set(Member member, int count) {
        if (member.count > 0) {
            members--;
            byCount.computeIfPresent(member.count, (_, rank) -> {
                rank.remove(member);
                return rank.isEmpty() ? null : rank;
            });
        }
        total += count - member.count;
        member.count = count;
        if (count > 0) {
            members++;
            byCount.computeIfAbsent(count, _ -> new LinkedHashSet<>()).addFirst(member);
        }
    }

    /** Sets all counts to 0. */
    void clear() {
        byCount.values().forEach(rank -> rank.forEach(member -> member.count = 0));
        byCount.clear();
        total = 0;
        members = 0;
    }

    /**
     * Returns the largest level at which the counts, each capped at it, sum to at most {@code part}; {@link Integer#MAX_VALUE}
     * if the uncapped counts do.
     *
     * @param part 0 or more
     */
    int level(long part) {
        return level(part, false);
    }

    /** Returns the smallest level at which the capped counts sum to at least {@code part}: {@link #level}, or one more. */
    int roof(long part) {
        return level(part, true);
    }

    /** Fills from below: small members get all they have, and the rest is divided among the others. */
    private int level(long part, boolean roundUp) {
        if (total <= part) {
            return Integer.MAX_VALUE;
        }
        long rest = part;
        long above = members;
        for (Map.Entry<Integer, SequencedSet<Member>> rank : byCount.entrySet()) {
            long count = rank.getKey();
            if (rest < above * count) {
                break;
            }
            rest -= rank.getValue().size() * count;
            above -= rank.getValue().size();
        }
        return (int) (roundUp ? (rest + above - 1) / above : rest / above);
    }

    /** Passes the members with counts above {@code level}, the largest first. */
    void above(int level, Consumer<Member> each) {
        byCount.tailMap(level, false).descendingMap().values().forEach(rank -> rank.forEach(each));
    }
}
