/**
 * Budgets: leases on pools of limited capacity, shared fairly by originator. This package only decides, from counts, activity
 * and the current time; its caller opens and closes the connections.
 *
 * <h2>The algorithm</h2>
 *
 * <p>Hierarchical <b>max-min fairness</b>, computed by progressive filling (D. Bertsekas and R. Gallager, <em>Data Networks</em>,
 * 2nd edition, 1992, section 6.5.2), on a tree of hosts, users, executables and processes, as in hierarchical link sharing
 * (S. Floyd and V. Jacobson, <em>Link-sharing and Resource Management Models for Packet Networks</em>, 1995). Added to it are a
 * guaranteed minimum, enforced by preemption, and the eviction of the least recently used flows of originators above their
 * share.
 *
 * <p>Each group of the tree keeps its members in a sorted map by count ({@link java.util.TreeMap}), and each process its flows in
 * a sorted set by when they last moved a byte ({@link java.util.TreeSet}). With 10,000 flows of 1,000 originators, all that one
 * flow needs (ask, activate, release, in a pool of the hop and one of a transport) takes 1.9 µs of CPU time while all pools have
 * places, and 2.8 to 3.5 µs while one is full; at most 5 µs is promised ({@code throughline bench micro --budget}). Structures of
 * linked lists and heaps of our own took 0.6 to 1.1 µs, and 340 lines more.
 *
 * <h2>The guarantee</h2>
 *
 * <p>A user without flows gets a place in a pool as soon as one flow of another user can be closed, as long as some user has two
 * flows there: at once if a place is free, and otherwise within the time that closing takes. The same holds for each further
 * flow until the user has its share of the guaranteed places, which are as many as the reserve has. It also holds on each other
 * level: for a host beside other hosts, an executable beside others of its user, a process beside others of its executable.
 * Originators above that lose together no more places than the reserve has, or one for each originator that asks if those are
 * more, and always lose their newest flow. A pool with a reserve of 0 guarantees nothing.
 *
 * <h2>The rules</h2>
 *
 * <p>A <b>pool</b> has a capacity, and within it a reserve, a soft mark and a low mark. A flow takes one place in every pool of
 * its way.
 *
 * <p>The <b>share</b> of an originator in {@code T} places is max-min fair: nobody has more while somebody who wants more has
 * less. Hosts share the pool, users their host's part, executables their user's, processes their executable's; places that a
 * member doesn't use go to the others. In numbers: the level of a group is the largest {@code w} for which the counts of its
 * members, each capped at {@code w}, sum to at most the group's part. A member whose count is at most {@code w} is within its
 * share, with all members below it; the part of any other member is {@code w}. An originator is <b>above its share</b> if its
 * process is, which implies that its executable, its user and its host are.
 *
 * <ol>
 *   <li>Up to {@code capacity - reserve} places are given to anyone.
 *   <li>The reserve is for originators whose count, with the new flow, isn't above their share in {@code capacity - reserve}
 *       places. Here shares are rounded up to whole places, so that each of several equal members may have what not all of them
 *       can; but not between the processes of an executable, which can have any number of them.
 *   <li>When a flow asks and more places than the soft mark are in use, flows are evicted until no more than the low mark are, or
 *       no further one may be. The next one is, of originators above their share in as many places as the low mark, the flow that
 *       has moved nothing for the longest time. A flow that moved a byte within the idle floor is never evicted. An evicted flow
 *       counts as in use until it is released.
 *   <li>As many places as the reserve has are <b>guaranteed</b>. The originator of the flow that asks is compared with the others,
 *       level by level, from hosts inwards. On the first level on which another has more places than it has with the new flow, and
 *       it isn't above its share in {@code reserve} places, rounded up, it may use the reserve. If no way has a free place either,
 *       the other gives up one: the newest flow of the largest process of the largest executable of its largest user is
 *       <b>preempted</b>, whether it moves bytes or not. No flow is preempted in vain: if one pool of a way can't have a place for
 *       the new flow, no place is given up in the others.
 *   <li>A flow that gets no place on its way tries its next way, waits, or is refused, as its class says. A flow within its share
 *       waits whatever its class says if a flow was evicted for it. A flow of the host with the fewest places is served first,
 *       within it of the user with the fewest and so on inwards; of equals, the one that came first. The queue is shared like a
 *       pool: of too many waiting flows, the newest of the largest process, executable, user and host leaves.
 *   <li>A flow whose attempt on one way was cancelled asks for others. Its first places stay in use until they are released,
 *       since the system still holds them; caps count it once, and its wait is measured from its first request.
 *   <li><b>Caps</b> of a class limit its flows by process, executable, user, destination, and executable and destination.
 * </ol>
 */
@NullMarked
package dev.throughline.budget;

import org.jspecify.annotations.NullMarked;
