/**
 * Who may use places that are few: leases on pools of limited capacity, shared fairly by originator. Everything here is a
 * decision over counts, activity and <em>now</em>; nobody here opens or closes anything.
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
 *   <li>The reserve is for those whose count, with the new flow, isn't above their share in {@code capacity - reserve} places: a
 *       quarter of it where the process isn't, though its executable is; half of it where the executable isn't; three quarters
 *       where the user isn't; all of it where the host isn't. So the processes of an executable leave places to other
 *       executables, those of a user to other users, and those of a host to other hosts. Here a part of a place counts as a
 *       whole one, so that of those who have the same each may have what all of them can't; but not between the processes of
 *       an executable, which can have any number.
 *   <li>When a flow asks and more than the soft mark are in use, flows are evicted until no more than the low mark are, or
 *       none may be: of originators above their share in as many places as the low mark, the flow that has moved nothing for
 *       the longest time, and never one that moved something within the idle floor. What is evicted counts as in use until
 *       it is released.
 *   <li>A flow that gets no place on its way tries its next, waits, or is refused, as its class says. Who waits is served in
 *       the order of the places that their processes have, fewest first, then of arrival; of too many, the process with the
 *       most loses its newest. A flow within its share for which something was evicted waits, whatever its class says.
 *   <li>A flow whose start on one way was given up asks for others. Its places there stay taken until they are released, since
 *       the system holds them; caps count it once, and it waits no longer than from its first asking.
 *   <li><b>Caps</b> of a class count its flows by process, executable, user, destination, and executable and destination.
 * </ol>
 */
@NullMarked
package dev.throughline.budget;

import org.jspecify.annotations.NullMarked;
