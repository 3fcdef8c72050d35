/**
 * Who may use places that are few: leases on pools of limited capacity, shared fairly by originator. Everything here is a
 * decision over counts, activity and <em>now</em>; nobody here opens or closes anything.
 *
 * <h2>The guarantee</h2>
 *
 * <p>Whatever others do, a user with no flows of its own gets a place in a pool as soon as one flow of another user can be closed,
 * at once if a place is free and otherwise within the time that closing takes, as long as some user has two flows there. The same holds for each further
 * flow until the user has its share of the guaranteed places, which are as many as the reserve has, and so on each level: for a host beside
 * other hosts, an executable beside others of its user, a process beside others of its executable. What those with more than that
 * lose in this way is together no more than the reserve, or one place for each that asks if they are more, and always their newest flow. A pool
 * whose reserve is 0 guarantees nothing.
 *
 * <h2>The rules</h2>
 *
 * <p>A <b>pool</b> has a capacity, and in it a reserve, a soft mark and a low mark. A flow takes one place in every pool of
 * the way that it goes.
 *
 * <p>The <b>share</b> of an originator in {@code T} places is max-min fair: nobody has more while somebody who wants more has
 * less. Hosts share the pool, users their host's part, executables their user's, processes their executable's; what somebody
 * doesn't use goes to the others. In numbers: the level of a group is the largest {@code w} for which the members' counts,
 * each cut at {@code w}, don't exceed the group's part together. A member whose count is at most {@code w} is within its
 * share with all below it; of any other the part is {@code w}. An originator is <b>above its share</b> if its process is,
 * which can only be if its executable, its user and its host are.
 *
 * <ol>
 *   <li>Up to {@code capacity - reserve} places are given to whoever asks.
 *   <li>The reserve is for those whose count, with the new flow, isn't above their share in {@code capacity - reserve} places.
 *       Here a part of a place counts as a whole one, so that of those who have the same each may have what all of them can't;
 *       but not between the processes of an executable, which can have any number.
 *   <li>When a flow asks and more than the soft mark are in use, flows are evicted until no more than the low mark are, or
 *       none may be: of originators above their share in as many places as the low mark, the flow that has moved nothing for
 *       the longest time, and never one that moved something within the idle floor. What is evicted counts as in use until
 *       it is released.
 *   <li>As many places as the reserve has are <b>guaranteed</b>. Hosts, their users and so on inwards are compared with the
 *       originator of the flow that asks. On the first level where another has more places than it has with the new flow, and where it isn't
 *       above its share in {@code reserve} places, parts counted as whole ones, it may use the reserve. If nothing is free
 *       on any way either, the other gives up a place: of the host with the most, the user with the most and so on inwards, the
 *       newest flow is preempted, whether it moves bytes or not. No way is left to flows that would be evicted in vain: if one pool of the
 *       way can have no place for the flow, nobody gives up one in another.
 *   <li>A flow that gets no place on its way tries its next, waits, or is refused, as its class says. A flow within its share for which
 *       something was evicted waits, whatever its class says. Served first is a flow of the host with the fewest places, there of the user
 *       with the fewest, and so on inwards, then the one that came first. The places to wait are shared like those of a pool:
 *       of too many flows that wait, the newest leaves of the process, executable, user and host with the most.
 *   <li>A flow whose start on one way was given up asks for others. Its places there stay taken until they are released, since
 *       the system holds them; caps count it once, and it waits no longer than from its first asking.
 *   <li><b>Caps</b> of a class count its flows by process, executable, user, destination, and executable and destination.
 * </ol>
 */
@NullMarked
package dev.throughline.budget;

import org.jspecify.annotations.NullMarked;
