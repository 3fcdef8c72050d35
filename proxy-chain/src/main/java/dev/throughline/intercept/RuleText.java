package dev.throughline.intercept;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ContiguousSet;
import com.google.common.collect.DiscreteDomain;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableRangeSet;
import com.google.common.collect.Range;
import dev.throughline.header.Cidr;
import dev.throughline.intercept.Capture.Apps;
import dev.throughline.intercept.Capture.PreviousHop;
import dev.throughline.originator.Way;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A plan as an nft script: one transaction that leaves exactly this table, whatever was there before.
 *
 * <p>A connection is judged once, by its first packet, and its conntrack mark remembers the answer. Judging each packet
 * would leak: {@code meta skuid} knows no user once an application has closed its socket, so its last bytes and its FIN
 * would go to the destination itself; and answers of other servers on this host would be taken for new connections if
 * conntrack first saw them in the middle.
 *
 * <p>What a table can't vouch for is refused with a reset, which an application feels at once: a captured connection
 * without a listener, without the route to it, taken by another table's NAT, or unknown to conntrack. Packets that fit no
 * connection get no answer, as an answer could end a healthy one.
 *
 * <p>Reverse-path filtering, {@code src_valid_mark}, {@code route_localnet}, {@code tcp_fwmark_accept} and
 * {@code fwmark_reflect} may have any value: a packet that was routed to {@code lo} on its way out isn't routed again on
 * its way in, and answers are told by conntrack's direction, not by a mark.
 */
final class RuleText {
    private final RulePlan plan;
    private final NftScript script = new NftScript();

    private RuleText(RulePlan plan) {
        this.plan = plan;
    }

    /**
     * The script for {@code nft -f}.
     *
     * @throws IllegalArgumentException if the plan has problems
     */
    static String of(RulePlan plan) {
        ImmutableList<String> problems = plan.problems();
        checkArgument(problems.isEmpty(), "no rules for this plan: %s", String.join("; ", problems));
        return new RuleText(plan).write();
    }

    /** The script that removes the table, and succeeds when it is absent. */
    static String removal(RulePlan plan) {
        return "table inet %1$s {}\ndelete table inet %1$s\n".formatted(plan.table());
    }

    private String write() {
        script.table(plan.table(), "throughline: hop " + plan.hop() + ", mark " + Marks.text(plan.mark()));
        if (plan.failOpen()) {
            script.flags("owner");
        }
        judge();
        capture();
        plan.captures().forEach(this::apps);
        firstOfEachListener().forEach(this::take);
        if (uses(Way.TPROXY)) {
            deliver();
        }
        if (uses(Way.REDIRECT)) {
            redirect();
            arrive();
        }
        if (uses(Way.REDIRECT) || plan.guardNextHop()) {
            refuse();
        }
        last();
        return removal(plan) + script.text();
    }

    private void judge() {
        script.chain(
                "judge",
                "route hook output priority mangle",
                "A new connection is judged; the packets after the first follow it.");
        script.rule("meta l4proto != tcp accept");
        script.rule("meta mark & 0x%08x != 0 accept comment \"captured by another hop\"".formatted(Marks.CAPTURED));
        script.rule("ct direction reply accept");
        script.rule("meta mark & 0x%08x %s accept comment \"connections of this hop and of later hops\""
                .formatted(Marks.SOCKET_MASK, set(ownAndLaterMarks())));
        script.rule("tcp flags & (fin | syn | rst | ack) == syn goto capture");
        script.rule("ct state invalid tcp flags & rst == 0 goto capture");
        if (uses(Way.TPROXY)) {
            script.rule(
                    "ct mark & 0x%08x == %s meta mark set ct mark & 0x%08x counter accept comment \"divert packets after the first\""
                            .formatted(Marks.HOP_MASK, Marks.text(Marks.diverted(plan.mark(), 0)), Marks.MASK));
        }
        script.end();
    }

    private void capture() {
        script.chain("capture");
        for (Capture capture : plan.captures()) {
            if (capture.match() instanceof PreviousHop previous) {
                String mark = previous.mark().isPresent()
                        ? "meta mark & 0x%08x == %s "
                                .formatted(
                                        Marks.SOCKET_MASK,
                                        Marks.text(previous.mark().getAsInt()))
                        : "";
                String uid = previous.uid().isPresent()
                        ? "meta skuid " + previous.uid().getAsInt() + " "
                        : "";
                script.rule("%s%sgoto take-%s comment \"previous hop\"".formatted(mark, uid, capture.listener()));
            }
        }
        for (Capture capture : plan.captures()) {
            if (capture.match() instanceof Apps) {
                script.rule("jump " + appsChain(capture));
            }
        }
        script.end();
    }

    private void apps(Capture capture) {
        if (!(capture.match() instanceof Apps apps)) {
            return;
        }
        script.chain(appsChain(capture));
        for (String except : destinations(apps.exceptDestinations())) {
            script.rule(except + "return");
        }
        if (!apps.exceptUids().isEmpty()) {
            script.rule("meta skuid " + set(apps.exceptUids()) + " return");
        }
        String ports = apps.ports().isEmpty() ? "" : "tcp dport " + set(ports(apps.ports())) + " ";
        String uids = apps.uids().isEmpty() ? "" : "meta skuid " + set(apps.uids()) + " ";
        for (String destination : apps.destinations().isEmpty() ? List.of("") : destinations(apps.destinations())) {
            script.rule("%s%s%sgoto take-%s".formatted(destination, ports, uids, capture.listener()));
        }
        script.end();
    }

    private void take(Capture capture) {
        String name = capture.listener();
        String mark = Marks.text(plan.markOf(capture));
        script.chain("take-" + name);
        script.rule("ct state invalid counter drop comment \"" + name + ": fits no connection\"");
        script.rule("ct state untracked counter reject with tcp reset comment \"" + name + ": exempt from conntrack\"");
        script.rule("ct mark set ct mark & 0x%08x | %s".formatted(Marks.OTHERS, mark));
        script.rule("%scounter accept comment \"%s: captured by %s\""
                .formatted(capture.way() == Way.TPROXY ? "meta mark set " + mark + " " : "", name, capture.way()));
        script.end();
    }

    private void deliver() {
        script.chain(
                "deliver",
                "filter hook prerouting priority mangle",
                "Diverted packets come back over lo, to the listener.");
        script.rule("iif != lo accept");
        script.rule("meta mark & 0x%08x != %s accept"
                .formatted(Marks.HOP_MASK, Marks.text(Marks.diverted(plan.mark(), 0))));
        script.rule("ct direction reply accept");
        for (Capture capture : firstOfEachListener()) {
            if (capture.way() == Way.TPROXY) {
                String match = "meta mark & 0x%08x == %s meta l4proto tcp tproxy"
                        .formatted(Marks.MASK, Marks.text(plan.markOf(capture)));
                String after = "counter accept comment \"%s: delivered\"".formatted(capture.listener());
                script.rule("%s ip to 127.0.0.1:%d %s".formatted(match, capture.port(), after));
                script.rule("%s ip6 to [::1]:%d %s".formatted(match, capture.port(), after));
            }
        }
        script.rule("meta l4proto tcp counter reject with tcp reset comment \"no listener\"");
        script.rule("counter drop");
        script.end();
    }

    private void redirect() {
        script.chain("redirect-new", "nat hook output priority -100", "To 127.0.0.1 or ::1, for the whole connection.");
        for (Capture capture : firstOfEachListener()) {
            if (capture.way() == Way.REDIRECT) {
                script.rule("ct mark & 0x%08x == %s meta l4proto tcp counter redirect to :%d comment \"%s: redirected\""
                        .formatted(Marks.MASK, Marks.text(plan.markOf(capture)), capture.port(), capture.listener()));
            }
        }
        script.end();
    }

    /**
     * While the hop is down, anyone could bind its port. Only a socket with IP_TRANSPARENT is a hop's listener, or was
     * accepted by one: that option needs a capability, as a port doesn't.
     */
    private void arrive() {
        script.chain("arrive", "filter hook input priority filter", "Redirected connections reach a hop, or nobody.");
        // What conntrack doesn't track, such as neighbour discovery, has no mark and must fit no rule.
        script.rule("ct direction original " + isRedirected() + " goto unless-listener");
        script.end();
        script.chain("unless-listener");
        script.rule("socket transparent 1 accept");
        script.rule("meta l4proto tcp counter reject with tcp reset comment \"no listener\"");
        script.rule("counter drop");
        script.end();
    }

    /** After NAT, so that it can be seen who took a connection. */
    private void refuse() {
        script.chain("refuse", "filter hook output priority filter + 10", "What is on its way elsewhere is refused.");
        script.rule("meta l4proto != tcp accept");
        script.rule("ct direction reply accept");
        if (uses(Way.REDIRECT)) {
            script.rule(isRedirected() + " goto unless-redirected");
        }
        if (plan.guardNextHop()) {
            script.rule(isOwn() + " goto unless-captured");
        }
        script.end();
        if (uses(Way.REDIRECT)) {
            unlessTakenToLoopback("unless-redirected", "not redirected");
        }
        if (plan.guardNextHop()) {
            unlessTakenToLoopback("unless-captured", "next hop did not capture");
        }
    }

    /** A connection that TPROXY took no longer has its hop's mark here; one that was redirected has a new destination. */
    private void unlessTakenToLoopback(String chain, String reason) {
        script.chain(chain);
        script.rule("ct status dnat ip daddr 127.0.0.0/8 accept");
        script.rule("ct status dnat ip6 daddr ::1 accept");
        script.rule("ct state invalid counter drop comment \"fits no connection\"");
        script.rule("counter reject with tcp reset comment \"" + reason + "\"");
        script.end();
    }

    private void last() {
        script.chain(
                "last",
                "filter hook postrouting priority srcnat + 100",
                "Whatever rules stood before: it does not leave.");
        script.rule("oif lo accept");
        script.rule("meta l4proto != tcp accept");
        script.rule("ct direction reply accept");
        if (uses(Way.TPROXY)) {
            script.rule(isDiverted() + " counter drop comment \"diverted, leaving\"");
        }
        if (uses(Way.REDIRECT)) {
            script.rule(isRedirected() + " counter drop comment \"redirected, leaving\"");
        }
        if (plan.guardNextHop()) {
            script.rule(isOwn() + " counter drop comment \"next hop did not capture\"");
        }
        script.end();
    }

    private String isDiverted() {
        return "meta mark & 0x%08x == %s".formatted(Marks.HOP_MASK, Marks.text(Marks.diverted(plan.mark(), 0)));
    }

    private String isRedirected() {
        return "ct mark & 0x%08x == %s".formatted(Marks.HOP_MASK, Marks.text(Marks.redirected(plan.mark(), 0)));
    }

    private String isOwn() {
        return "meta mark & 0x%08x == %s".formatted(Marks.SOCKET_MASK, Marks.text(plan.mark()));
    }

    private boolean uses(Way way) {
        return plan.captures().stream().anyMatch(capture -> capture.way() == way);
    }

    private ImmutableList<Capture> firstOfEachListener() {
        return plan.listeners().stream()
                .map(name -> plan.captures().stream()
                        .filter(capture -> capture.listener().equals(name))
                        .findFirst()
                        .orElseThrow())
                .collect(ImmutableList.toImmutableList());
    }

    private String appsChain(Capture capture) {
        return "apps-%d-%s".formatted(plan.captures().indexOf(capture) + 1, capture.listener());
    }

    private ImmutableList<String> ownAndLaterMarks() {
        return ImmutableList.<Integer>builder().add(plan.mark()).addAll(plan.laterMarks()).build().stream()
                .distinct()
                .map(Marks::text)
                .collect(ImmutableList.toImmutableList());
    }

    /** One condition a family; nft refuses a set in which one network lies within another. */
    private static List<String> destinations(List<Cidr> networks) {
        List<Cidr> widest = networks.stream()
                .distinct()
                .filter(network ->
                        networks.stream().noneMatch(other -> other.contains(network) && !other.equals(network)))
                .toList();
        return widest.stream().collect(Collectors.partitioningBy(Cidr::isIpv6)).entrySet().stream()
                .filter(family -> !family.getValue().isEmpty())
                .map(family -> (family.getKey() ? "ip6 daddr " : "ip daddr ") + set(family.getValue()) + " ")
                .toList();
    }

    private static List<String> ports(List<Range<Integer>> ranges) {
        return ImmutableRangeSet.unionOf(ranges.stream()
                        .map(range -> range.canonical(DiscreteDomain.integers()))
                        .toList())
                .asRanges()
                .stream()
                .map(range -> ContiguousSet.create(range, DiscreteDomain.integers()))
                .map(set -> set.size() == 1 ? "" + set.first() : set.first() + "-" + set.last())
                .toList();
    }

    private static String set(List<?> elements) {
        return elements.stream().distinct().map(Object::toString).collect(Collectors.joining(", ", "{ ", " }"));
    }
}
