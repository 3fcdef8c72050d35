package dev.throughline.budget;

import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The members of a group by their counts, which change by one at a time: a list of ranks, each with the members of one count.
 * A change is a step to the rank beside, and every question starts at one of both ends.
 */
final class Ranking {
    /** All members with one count. */
    private static final class Rank {
        int count;

        @Nullable
        Rank more;

        @Nullable
        Rank fewer;

        @Nullable
        Member first;

        int size;

        Rank(int count) {
            this.count = count;
        }
    }

    /** Somebody in a ranking. A member with count 0 is in none. */
    abstract static class Member {
        private @Nullable Rank rank;
        private @Nullable Member before;
        private @Nullable Member after;

        int count() {
            return rank == null ? 0 : rank.count;
        }
    }

    private @Nullable Rank most;
    private @Nullable Rank fewest;
    private long total;
    private int members;

    /** All counts together. */
    long total() {
        return total;
    }

    /** One of the members with the largest count; empty if no member has any. */
    Optional<Member> largest() {
        return most == null ? Optional.empty() : Optional.ofNullable(most.first);
    }

    void increment(Member member) {
        Rank from = member.rank;
        Rank above = from == null ? fewest : from.more;
        int count = member.count() + 1;
        total++;
        if (from != null && from.size == 1 && (above == null || above.count != count)) {
            // Alone in its rank, it takes that along; so do most hosts and users.
            from.count = count;
            return;
        }
        Rank to = above != null && above.count == count ? above : inserted(new Rank(count), from, above);
        if (from == null) {
            members++;
        }
        leave(member);
        join(member, to);
    }

    void decrement(Member member) {
        Rank from = member.rank;
        if (from == null) {
            throw new IllegalStateException("a count below 0");
        }
        Rank below = from.fewer;
        int count = from.count - 1;
        total--;
        if (from.size == 1 && count > 0 && (below == null || below.count != count)) {
            from.count = count;
            return;
        }
        Rank to = below != null && below.count == count
                ? below
                : count == 0 ? null : inserted(new Rank(count), below, from);
        leave(member);
        if (to == null) {
            members--;
        } else {
            join(member, to);
        }
    }

    /** Nobody is in it any more. */
    void clear() {
        for (Rank rank = most; rank != null; rank = rank.fewer) {
            while (rank.first != null) {
                Member member = rank.first;
                rank.first = member.after;
                member.rank = null;
                member.before = null;
                member.after = null;
            }
        }
        most = null;
        fewest = null;
        total = 0;
        members = 0;
    }

    private Rank inserted(Rank rank, @Nullable Rank fewer, @Nullable Rank more) {
        rank.fewer = fewer;
        rank.more = more;
        if (fewer == null) {
            fewest = rank;
        } else {
            fewer.more = rank;
        }
        if (more == null) {
            most = rank;
        } else {
            more.fewer = rank;
        }
        return rank;
    }

    private void leave(Member member) {
        Rank rank = member.rank;
        if (rank == null) {
            return;
        }
        if (member.before == null) {
            rank.first = member.after;
        } else {
            member.before.after = member.after;
        }
        if (member.after != null) {
            member.after.before = member.before;
        }
        member.before = null;
        member.after = null;
        member.rank = null;
        rank.size--;
        if (rank.size == 0) {
            unlink(rank);
        }
    }

    private void unlink(Rank rank) {
        if (rank.fewer == null) {
            fewest = rank.more;
        } else {
            rank.fewer.more = rank.more;
        }
        if (rank.more == null) {
            most = rank.fewer;
        } else {
            rank.more.fewer = rank.fewer;
        }
    }

    private static void join(Member member, Rank rank) {
        member.after = rank.first;
        if (rank.first != null) {
            rank.first.before = member;
        }
        rank.first = member;
        member.rank = rank;
        rank.size++;
    }

    /**
     * The largest level for which the counts, each cut at it, are at most {@code part} together; {@link Integer#MAX_VALUE} if
     * they are without being cut.
     *
     * @param part 0 or more
     */
    int level(long part) {
        return level(part, false);
    }

    /** The smallest level for which they are at least {@code part} together: one more than {@link #level}, or the same. */
    int roof(long part) {
        return level(part, true);
    }

    /** Looked for from the end that it is nearer to: most are above it if much is to be cut. */
    private int level(long part, boolean roof) {
        long excess = total - part;
        if (excess <= 0) {
            return Integer.MAX_VALUE;
        }
        return excess > total / 8 ? levelFromBelow(part, roof) : levelFromAbove(excess, roof);
    }

    private int levelFromBelow(long part, boolean roof) {
        long rest = part;
        long above = members;
        for (Rank rank = fewest; rank != null && rest >= above * rank.count; rank = rank.more) {
            rest -= (long) rank.size * rank.count;
            above -= rank.size;
        }
        return (int) (roof ? (rest + above - 1) / above : rest / above);
    }

    private int levelFromAbove(long excess, boolean roof) {
        long rest = excess;
        long above = 0;
        for (Rank rank = most; rank != null; rank = rank.fewer) {
            above += rank.size;
            int floor = rank.fewer == null ? 0 : rank.fewer.count;
            long over = above * (rank.count - floor);
            if (rest <= over) {
                long cut = roof ? rest / above : (rest + above - 1) / above;
                return (int) (rank.count - cut);
            }
            rest -= over;
        }
        return 0;
    }

    /** Shows the members with larger counts than {@code level}, the largest first. */
    void above(int level, Consumer<Member> each) {
        for (Rank rank = most; rank != null && rank.count > level; rank = rank.fewer) {
            for (Member member = rank.first; member != null; member = member.after) {
                each.accept(member);
            }
        }
    }
}
