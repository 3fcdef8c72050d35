package dev.throughline.intercept;

import com.google.common.net.InetAddresses;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.platform.linux.RouteLookup;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Optional;

/** The effect of all routes and policy rules of a host on the packets that a plan diverts. */
record DivertEffect(RulePlan plan, RouteLookup lookup) {
    private static final int LO = 1;
    private static final InetAddress ANYWHERE = InetAddresses.forString("192.0.2.1");
    private static final InetAddress ANYWHERE6 = InetAddresses.forString("2001:db8::1");

    /**
     * Returns where the kernel would send a diverted packet if that isn't {@code lo} by the hop's own table.
     *
     * @throws IOException if that can't be determined
     */
    Optional<String> problem() throws IOException {
        if (!DivertRoutes.neededBy(plan)) {
            return Optional.empty();
        }
        for (String family : InstalledRoutes.usable()) {
            Optional<String> problem = problem(family.equals("-6") ? ANYWHERE6 : ANYWHERE);
            if (problem.isPresent()) {
                return problem;
            }
        }
        return Optional.empty();
    }

    private Optional<String> problem(InetAddress destination) throws IOException {
        int mark = plan.captures().stream()
                .filter(capture -> capture.method() == InterceptionMethod.TPROXY)
                .mapToInt(plan::markOf)
                .findFirst()
                .orElseThrow();
        String packet = "a captured packet to " + InetAddresses.toAddrString(destination);
        return switch (lookup.find(destination, mark)) {
            case RouteLookup.Route.None none -> Optional.of(packet + " has no route: " + none.reason());
            case RouteLookup.Route.Found found ->
                found.local() && found.device() == LO && found.table() == new DivertRoutes(plan.mark()).table()
                        ? Optional.empty()
                        : Optional.of(packet + " takes a route of table " + Integer.toUnsignedString(found.table())
                                + " instead of this hop's");
        };
    }
}
