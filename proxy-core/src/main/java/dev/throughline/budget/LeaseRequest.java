package dev.throughline.budget;

import com.google.common.collect.ImmutableList;
import java.util.function.LongSupplier;

/**
 * A flow that wants a place.
 *
 * @param who it counts for
 * @param destination address or host name that it counts for
 * @param limits its class
 * @param ways that it may go, the best first: of each the names of all pools that it takes a place of
 * @param since when it began to ask, on the clock of {@code now}: it waits for as long as its class says from then on
 * @param moved when it moved something last, on the same clock
 */
public record LeaseRequest(
        Account who,
        String destination,
        LimitClass limits,
        ImmutableList<ImmutableList<String>> ways,
        long since,
        LongSupplier moved) {}
