package dev.throughline.budget;

import java.util.List;
import java.util.function.LongSupplier;

/**
 * A request for a lease.
 *
 * @param who account of the flow
 * @param destination address or host name, for caps
 * @param limits class of the flow
 * @param ways alternatives, the preferred first; each names all pools in which it takes a place
 * @param since when the flow first asked, on the clock of {@code now}; its longest wait is measured from then
 * @param moved returns when the flow last moved a byte, on the same clock
 */
public record LeaseRequest(
        Account who, String destination, LimitClass limits, List<List<String>> ways, long since, LongSupplier moved) {
    /** Copies the ways. */
    public LeaseRequest {
        ways = ways.stream().map(List::copyOf).toList();
    }
}
