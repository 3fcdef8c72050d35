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
 * <p>Each group of the tree keeps its members in a sorted map by count ({@link java.util.TreeMap}), and each process its flows
 * in a sorted set by when they last moved a byte ({@link java.util.TreeSet}), from when a pool first needs them until half of
 * its slots are free. With 10,000 flows of 1,000 originators, all
 * operations of one flow (request, activate, release, in a pool of the hop and one of a transport) take 1.9 µs of CPU time
 * while all pools have free slots, and 2.8 to 3.5 µs while one is full; at most 5 µs is promised ({@code throughline bench micro
 * --budget}). Custom linked lists and heaps took 0.6 to 1.1 µs, and 340 more lines.
 *
 * <h2>The guarantee</h2>
 *
 * <p>A user without flows gets a slot in a pool as soon as one flow of another user can be closed, as long as some user has two
 * flows there: at once if a slot is free, and otherwise within the time that closing takes. This also holds for each further
 * flow until the user has its share of the guaranteed slots, whose number is that of the reserve. It also holds on each other
 * level: for a host beside other hosts, an executable beside others of its user, a process beside others of its executable.
 * Originators above that lose together no more slots than the reserve has, or one for each requesting originator if those are
 * more, and always lose their newest flow. A pool with a reserve of 0 guarantees nothing.
 *
 * <h2>The rules</h2>
 *
 * <p>A <b>pool</b> has a capacity, and within it a reserve, a soft mark and a low mark. A request lists <b>alternatives</b>,
 * such as the transports of a route. A flow takes one slot in every pool of one alternative.
 *
 * <p>The <b>share</b> of an originator in {@code T} slots is max-min fair: nobody has more while somebody who wants more has
 * less. Hosts share the pool, users their host's part, executables their user's, processes their executable's; unused slots of
 * a member go to the others. In numbers: the level of a group is the largest {@code w} for which the counts of its members,
 * each capped at {@code w}, sum to at most the group's part. A member whose count is at most {@code w} is within its share,
 * with all members below it; the part of any other member is {@code w}. An originator is <b>above its share</b> if its process
 * is, which implies that its executable, its user and its host are.
 *
 * <ol>
 *   <li>Up to {@code capacity - reserve} slots are given to anyone.
 *   <li>The reserve is for originators whose count, with the new flow, isn't above their share in {@code capacity - reserve}
 *       slots. Here shares are rounded up to whole slots, so each of several equal members may have one that not all of them
 *       can; but not between the processes of an executable, which can have any number of them.
 *   <li>When a lease is requested and more slots than the soft mark are in use, flows are evicted until the low mark is reached
 *       or none can be evicted any more. The next one is always the longest idle flow of the originators that are above their
 *       share in as many slots as the low mark. A flow that moved a byte within the idle floor is never evicted. An evicted
 *       flow counts as in use until it is released.
 *   <li>As many slots as the reserve has are <b>guaranteed</b>. The requesting originator is compared with the others, level by
 *       level, from hosts inwards. On the first level on which another has more slots than it would have, and it isn't above
 *       its share in {@code reserve} slots, rounded up, it may use the reserve. If no alternative has a free slot either, the
 *       other gives up one: the newest flow of the largest process of the largest executable of its largest user is
 *       <b>preempted</b>, whether it moves bytes or not. No flow is preempted in vain: if one pool of an alternative can't
 *       provide a slot, none is given up in the others.
 *   <li>A flow without a slot tries its next alternative, waits, or is refused, by the rules of its class. A flow within its
 *       share waits regardless of its class if a flow was evicted for it. A flow of the host with the fewest slots is served first,
 *       within it of the user with the fewest and so on inwards; the oldest among equals. The queue is shared like a
 *       pool: when it is full, the newest flow of the largest process, executable, user and host is removed.
 *   <li>A flow whose attempt was cancelled requests the other alternatives. Its first slots stay in use until they are released,
 *       since the system still holds them; caps count it once, and its wait is measured from its first request.
 *   <li><b>Caps</b> of a class limit its flows by process, executable, user, destination, and executable and destination.
 * </ol>
 */
@NullMarked
package dev.throughline.budget;

import org.jspecify.annotations.NullMarked;
