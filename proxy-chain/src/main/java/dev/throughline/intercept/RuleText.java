package dev.throughline.intercept;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Splitter;
import com.google.common.collect.ContiguousSet;
import com.google.common.collect.DiscreteDomain;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableRangeSet;
import com.google.common.collect.Range;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Cidr;
import dev.throughline.header.Tuple;
import dev.throughline.intercept.CaptureRule.Apps;
import dev.throughline.intercept.CaptureRule.PreviousHop;
import dev.throughline.originator.InterceptionMethod;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A plan as an nft script: one transaction that installs exactly this table, replacing any earlier one.
 *
 * <p><b>The decision on a packet.</b> The first packet of a connection decides whether it is captured, and the
 * conntrack mark stores the decision. A separate decision for each packet would leak: {@code meta skuid} finds no user
 * once an application has closed its socket. But conntrack entries expire, are flushed, or are created again by any
 * later packet, including the hop's own reply. So a packet in the middle of a connection that conntrack doesn't know is
 * decided again and goes to the hop, which finds its socket by its addresses. The same holds for a packet whose
 * connection has no mark of a hop: another program may have overwritten it. Three kinds of packets must not be captured
 * by mistake:
 *
 * <ul>
 * <li>replies of a hop's listener: they have their own mark ({@link Marks#answer}), inherited from the listener's
 * socket, and a conntrack entry that they create is marked as reversed;
 *   <li>packets of connections that were open before these rules ({@code passing} sets, filled by {@link
 *       OpenConnections} when the rules are applied);
 * <li>replies of other servers on this host: a server's SYN-ACK adds its connection to the same sets.
 * </ul>
 *
 * <p>Captured connections that can't reach the listener are refused with a reset, so that applications fail at once: if
 * there is no listener, no route to it, or another table's NAT took the connection. A diverted packet that would leave
 * by a device other than {@code lo} is dropped, and the next packet of its connection gets a reset, because nftables
 * can't send one from postrouting.
 *
 * <p>Reverse-path filtering, {@code src_valid_mark}, {@code route_localnet}, {@code tcp_fwmark_accept} and
 * {@code fwmark_reflect} may have any value: a packet that was routed to {@code lo} on its method out isn't routed again on
 * its method in.
 */
final class RuleText {
    private static final String TUPLE4 = "ip saddr . tcp sport . ip daddr . tcp dport";
    private static final String TUPLE6 = "ip6 saddr . tcp sport . ip6 daddr . tcp dport";

    /** The names of the sets of connections that bypass the hop. */
    static final ImmutableList<String> PASSING_SETS = ImmutableList.of("passing4", "passing6");

    /** The names of the sets of connections whose packets had no route to the listener. */
    static final ImmutableList<String> STRAY_SETS = ImmutableList.of("stray4", "stray6");

    /**
     * nft resolves paths below /sys/fs/cgroup, where systemd's hybrid layout has the cgroup2 hierarchy in a
     * subdirectory.
     */
    static final String HYBRID = "unified/";

    private static final String SYN = "tcp flags & (fin | syn | rst | ack) == syn";

    /** An invalid user id. */
    private static final String NO_UID = "4294967295";

    /**
     * Maximum number of connections that bypass the hop; further ones are not stored. About 100 bytes of kernel memory
     * each.
     */
    private static final int PASSING = 65536;

    private final RulePlan plan;
    private final ImmutableList<Tuple> passing;
    private final NftScript script = new NftScript();

    private RuleText(RulePlan plan, ImmutableList<Tuple> passing) {
        this.plan = plan;
        this.passing = passing;
    }

    /**
     * Returns the script for {@code nft -f}.
     *
     * @throws IllegalArgumentException if the plan has problems
     */
    static String of(RulePlan plan) {
        return of(plan, ImmutableList.of());
    }

    /**
     * Returns the script for {@code nft -f}.
     *
     * @param passing open connections that bypass the hop, as seen from the application or server
     * @throws IllegalArgumentException if the plan has problems
     */
    static String of(RulePlan plan, ImmutableList<Tuple> passing) {
        ImmutableList<String> problems = plan.problems();
        checkArgument(problems.isEmpty(), "no rules for this plan: %s", String.join("; ", problems));
        return new RuleText(plan, passing).write();
    }

    /** Returns the script that removes the table; it succeeds if the table is absent. */
    static String removal(RulePlan plan) {
        return "table inet %1$s {}\ndelete table inet %1$s\n".formatted(plan.table());
    }

    private String write() {
        script.table(plan.table(), "throughline: hop " + plan.hop() + ", mark " + Marks.text(plan.mark()));
        if (plan.failOpen()) {
            script.flags("owner");
        }
        sets();
        judge();
        capture();
        firstOfEachListener().forEach(this::take);
        if (uses(InterceptionMethod.TPROXY)) {
            again();
            deliver();
        }
        if (uses(InterceptionMethod.REDIRECT)) {
            redirect();
            arrive();
        }
        refuse();
        last();
        return removal(plan) + script.text();
    }

    private void sets() {
        if (captures()) {
            script.set("passing4", "ipv4_addr . inet_service . ipv4_addr . inet_service", PASSING, elements(false));
            script.set("passing6", "ipv6_addr . inet_service . ipv6_addr . inet_service", PASSING, elements(true));
        }
        if (uses(InterceptionMethod.TPROXY)) {
            script.set("stray4", "ipv4_addr . inet_service . ipv4_addr . inet_service", PASSING, List.of());
            script.set("stray6", "ipv6_addr . inet_service . ipv6_addr . inet_service", PASSING, List.of());
        }
        if (uses(InterceptionMethod.REDIRECT)) {
            script.set("pending4", "ipv4_addr . inet_service", PASSING, List.of());
            script.set("pending6", "ipv6_addr . inet_service", PASSING, List.of());
            // A redirected connection needs its conntrack entry until it closes: only the entry has the original
            // addresses.
            script.timeouts("lasting4", "ip");
            script.timeouts("lasting6", "ip6");
        }
    }

    /**
     * Refuses packets with marks that a process with CAP_NET_RAW has set (socket(7), SO_MARK). Another hop's table
     * marks both the packet and its connection; a program can only mark packets.
     */
    private void stolenMarks() {
        String others = SYN + " meta skuid != " + set(plan.markUids());
        String refused = " counter reject with tcp reset comment \"mark of a hop, set by another user\"";
        script.rule(others + " meta mark & 0x%08x %s".formatted(Marks.SOCKET_MASK, set(ownAndLaterMarks())) + refused);
        script.rule(others
                + " meta mark & 0x%08x != 0 ct mark & 0x%08x == 0"
                        .formatted(Marks.CAPTURED, Marks.CAPTURED | Marks.REDIRECTED)
                + refused);
    }

    private List<String> elements(boolean ipv6) {
        return passing.stream()
                .filter(tuple -> tuple.transport().isIpv6() == ipv6)
                .limit(PASSING)
                .map(tuple -> "%s . %d . %s . %d"
                        .formatted(
                                InetAddresses.toAddrString(tuple.source().getAddress()),
                                tuple.source().getPort(),
                                InetAddresses.toAddrString(tuple.destination().getAddress()),
                                tuple.destination().getPort()))
                .toList();
    }

    private void judge() {
        script.chain(
                "judge",
                "route hook output priority mangle",
                "Decides on new connections and packets unknown to conntrack; other packets follow their connection.");
        if (!plan.markUids().isEmpty()) {
            stolenMarks();
        }
        script.rule("meta mark & 0x%08x == %s goto answer comment \"answers of this hop's listeners\""
                .formatted(Marks.HOP_MASK, Marks.text(Marks.answer(plan.mark(), 0))));
        script.rule("meta mark & 0x%08x != 0 accept comment \"captured or answered by another hop\""
                .formatted(Marks.CAPTURED));
        script.rule("meta mark & 0x%08x %s accept comment \"connections of this hop and of later hops\""
                .formatted(Marks.SOCKET_MASK, set(ownAndLaterMarks())));
        if (refusesUdp()) {
            script.rule("meta l4proto udp goto refuse-udp");
        }
        script.rule("meta l4proto != tcp accept");
        script.rule(SYN + " goto capture");
        if (uses(InterceptionMethod.TPROXY)) {
            script.rule(isDiverted("ct") + " ct direction original meta mark set ct mark & 0x%08x".formatted(Marks.MASK)
                    + " counter accept comment \"divert later packets\"");
            script.rule(isReversed()
                    + " ct direction reply meta mark set ct mark & 0x%08x ^ 0x%08x"
                            .formatted(Marks.MASK, Marks.CAPTURED | Marks.REDIRECTED)
                    + " counter accept comment \"divert, although conntrack sees replies\"");
        }
        script.rule("ct mark & 0x%08x != 0 accept comment \"decided by an earlier packet\""
                .formatted(Marks.CAPTURED | Marks.REDIRECTED));
        if (captures()) {
            script.rule("tcp flags & (syn | ack) == syn | ack goto serve");
        }
        script.rule("ct direction reply accept");
        if (captures()) {
            // A connection without the hop's mark isn't captured, or another program has overwritten the mark.
            script.rule("ct state established,related goto unmarked");
            script.rule("goto unknown");
        }
        script.end();
        script.chain("answer");
        if (uses(InterceptionMethod.TPROXY)) {
            script.rule("ct mark & 0x%08x == 0 ct direction original ct mark set meta mark & 0x%08x ^ 0x%08x"
                            .formatted(Marks.CAPTURED | Marks.REDIRECTED, Marks.MASK, Marks.CAPTURED)
                    + " comment \"conntrack forgot the connection\"");
        }
        script.rule("accept");
        script.end();
        if (captures()) {
            script.chain("serve");
            script.rule("add @passing4 { " + TUPLE4 + " timeout 5d }");
            script.rule("add @passing6 { " + TUPLE6 + " timeout 5d }");
            script.rule("accept");
            script.end();
            script.chain("unmarked");
            passing();
            // After an application has closed its socket, packets have no user, on which the first decision may have
            // been based.
            script.rule((asksForUid() ? "meta skuid != " + NO_UID + " " : "") + "goto capture");
            script.end();
            script.chain("unknown");
            passing();
            unknown();
            script.end();
            plan.captures().stream().filter(RuleText::isByUid).forEach(this::unknownUid);
        }
        if (refusesUdp()) {
            udp();
        }
    }

    private void passing() {
        script.rule(TUPLE4 + " @passing4 accept");
        script.rule(TUPLE6 + " @passing6 accept");
    }

    /** Like a first packet, except that a packet of a closed socket has no user and matches every user. */
    private void unknown() {
        for (CaptureRule capture : plan.captures()) {
            script.rule(
                    isByUid(capture)
                            ? "jump " + unknownChain(capture)
                            : capture.match() instanceof PreviousHop previous
                                    ? isPrevious(previous) + "goto take-" + capture.listener()
                                    : "jump " + appsChain(capture));
        }
    }

    private void unknownUid(CaptureRule capture) {
        script.chain(unknownChain(capture));
        switch (capture.match()) {
            case PreviousHop previous -> {
                script.rule("meta skuid != " + previous.uid().getAsInt() + " return");
                script.rule("goto take-" + capture.listener());
            }
            case Apps apps -> {
                exceptions(apps);
                script.rule("meta skuid != " + set(apps.uids()) + " return");
                destinations(apps, "tcp")
                        .forEach(destination -> script.rule(destination + "goto take-" + capture.listener()));
            }
        }
        script.end();
    }

    private void capture() {
        script.chain("capture");
        for (CaptureRule capture : plan.captures()) {
            if (capture.match() instanceof PreviousHop previous) {
                String uid = previous.uid().isPresent()
                        ? "meta skuid " + previous.uid().getAsInt() + " "
                        : "";
                script.rule("%s%sgoto take-%s comment \"previous hop\""
                        .formatted(isPrevious(previous), uid, capture.listener()));
            }
        }
        for (CaptureRule capture : plan.captures()) {
            if (capture.match() instanceof Apps) {
                script.rule("jump " + appsChain(capture));
            }
        }
        script.end();
        plan.captures().forEach(this::apps);
    }

    private void apps(CaptureRule capture) {
        if (!(capture.match() instanceof Apps apps)) {
            return;
        }
        script.chain(appsChain(capture));
        exceptions(apps);
        String uids = apps.uids().isEmpty() ? "" : "meta skuid " + set(apps.uids()) + " ";
        destinations(apps, "tcp")
                .forEach(destination -> script.rule(destination + uids + "goto take-" + capture.listener()));
        script.end();
    }

    private void exceptions(Apps apps) {
        script.rule("ip6 daddr fe80::/10 return comment \"link-local: valid only on its device\"");
        for (String network : networks(apps.except().destinations())) {
            script.rule(network + "return");
        }
        if (!apps.except().uids().isEmpty()) {
            script.rule("meta skuid " + set(apps.except().uids()) + " return");
        }
        for (String cgroup : apps.except().cgroups()) {
            // The level counts from the root of the hierarchy, which the hybrid layout has in a subdirectory.
            int level = Splitter.on('/').splitToList(cgroup).size() - (cgroup.startsWith(HYBRID) ? 1 : 0);
            script.rule("socket cgroupv2 level %d \"%s\" return".formatted(level, cgroup));
        }
        if (!apps.except().devices().isEmpty()) {
            script.rule("oifname " + set(quoted(apps.except().devices())) + " return");
        }
        for (CaptureRule.MarkMatch mark : apps.except().marks()) {
            script.rule("meta mark & 0x%08x == 0x%08x return".formatted(mark.mask(), mark.value()));
        }
    }

    private static List<String> destinations(Apps apps, String protocol) {
        String ports = apps.ports().isEmpty() ? "" : protocol + " dport " + set(ports(apps.ports())) + " ";
        List<String> networks = apps.destinations().isEmpty() ? List.of("") : networks(apps.destinations());
        return networks.stream().map(network -> network + ports).toList();
    }

    /** Rejects UDP, so that QUIC falls back to TCP at once; after a dropped packet it would take seconds. */
    private void udp() {
        script.chain("refuse-udp");
        for (CaptureRule capture : plan.captures()) {
            if (capture.match() instanceof Apps apps && apps.refuseUdp()) {
                script.rule("jump " + udpChain(capture));
            }
        }
        script.rule("accept");
        script.end();
        for (CaptureRule capture : plan.captures()) {
            if (capture.match() instanceof Apps apps && apps.refuseUdp()) {
                script.chain(udpChain(capture));
                exceptions(apps);
                String uids = apps.uids().isEmpty() ? "" : "meta skuid " + set(apps.uids()) + " ";
                destinations(apps, "udp")
                        .forEach(destination -> script.rule(destination + uids
                                + "counter reject with icmpx port-unreachable comment \"" + capture.listener()
                                + ": UDP refused\""));
                script.end();
            }
        }
    }

    private void take(CaptureRule capture) {
        String name = capture.listener();
        String mark = Marks.text(plan.markOf(capture));
        script.chain("take-" + name);
        script.rule("delete @passing4 { " + TUPLE4 + " }");
        script.rule("delete @passing6 { " + TUPLE6 + " }");
        if (capture.method() == InterceptionMethod.REDIRECT) {
            script.rule("ct state invalid counter drop comment \"" + name + ": invalid conntrack state\"");
            script.rule("ct state untracked counter reject with tcp reset comment \"" + name
                    + ": not tracked by conntrack\"");
            // A socket that is bound to a device can't reach lo: its first packet is lost, and the second is refused.
            String refused = " counter reject with tcp reset comment \"" + name + ": no route to the listener\"";
            script.rule(SYN + " ip saddr . tcp sport @pending4" + refused);
            script.rule(SYN + " ip6 saddr . tcp sport @pending6" + refused);
            script.rule(SYN + " add @pending4 { ip saddr . tcp sport timeout 10s }");
            script.rule(SYN + " add @pending6 { ip6 saddr . tcp sport timeout 10s }");
            script.rule("meta nfproto ipv4 ct timeout set \"lasting4\"");
            script.rule("meta nfproto ipv6 ct timeout set \"lasting6\"");
        }
        script.rule("ct mark set ct mark & 0x%08x | %s".formatted(Marks.OTHERS, mark));
        script.rule("%scounter accept comment \"%s: captured by %s\""
                .formatted(
                        capture.method() == InterceptionMethod.TPROXY ? "meta mark set " + mark + " " : "",
                        name,
                        capture.method()));
        script.end();
    }

    /** Other programs may overwrite packet marks after this table has set them. */
    private void again() {
        script.chain("again", "route hook output priority filter + 20", "Restores marks that other programs replaced.");
        script.rule(isDiverted("ct")
                + " ct direction original meta mark & 0x%08x != %s meta mark set ct mark & 0x%08x counter"
                        .formatted(Marks.HOP_MASK, Marks.text(Marks.diverted(plan.mark(), 0)), Marks.MASK));
        script.rule(isReversed()
                + " ct direction reply meta mark & 0x%08x != %s meta mark set ct mark & 0x%08x ^ 0x%08x counter"
                        .formatted(
                                Marks.HOP_MASK,
                                Marks.text(Marks.diverted(plan.mark(), 0)),
                                Marks.MASK,
                                Marks.CAPTURED | Marks.REDIRECTED));
        script.end();
    }

    /** Runs after firewalld's reverse-path filter (filter + 10), which drops packets over lo that have a socket. */
    private void deliver() {
        script.chain(
                "deliver",
                "filter hook prerouting priority filter + 20",
                "Delivers diverted packets, which enter over lo, to the listener.");
        script.rule("iif != lo accept");
        script.rule("meta mark & 0x%08x != %s accept"
                .formatted(Marks.HOP_MASK, Marks.text(Marks.diverted(plan.mark(), 0))));
        script.rule(isDiverted("ct") + " ct direction reply accept");
        for (CaptureRule capture : firstOfEachListener()) {
            if (capture.method() == InterceptionMethod.TPROXY) {
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

    /** Runs before the usual priority of NAT (-100), so that another program can't translate the connection first. */
    private void redirect() {
        script.chain(
                "redirect-new", "nat hook output priority -110", "Redirects whole connections to 127.0.0.1 or ::1.");
        for (CaptureRule capture : firstOfEachListener()) {
            if (capture.method() == InterceptionMethod.REDIRECT) {
                script.rule("ct mark & 0x%08x == %s meta l4proto tcp counter redirect to :%d comment \"%s: redirected\""
                        .formatted(Marks.MASK, Marks.text(plan.markOf(capture)), capture.port(), capture.listener()));
            }
        }
        script.end();
    }

    /**
     * While the hop is down, any user could bind its port. Only a socket with IP_TRANSPARENT is a hop's listener, or
     * was accepted by one: the option needs a capability, unlike a port.
     */
    private void arrive() {
        script.chain("arrive", "filter hook input priority filter", "Lets redirected connections reach only a hop.");
        // Untracked packets, such as neighbour discovery, have no mark and must match no rule.
        script.rule("ct direction original " + isRedirected() + " goto unless-listener");
        script.end();
        script.chain("unless-listener");
        script.rule(SYN + " delete @pending4 { ip saddr . tcp sport }");
        script.rule(SYN + " delete @pending6 { ip6 saddr . tcp sport }");
        script.rule("socket transparent 1 accept");
        script.rule("meta l4proto tcp counter reject with tcp reset comment \"no listener\"");
        script.rule("counter drop");
        script.end();
    }

    /** Runs after NAT, so that the new destination of a connection is visible. */
    private void refuse() {
        script.chain(
                "refuse", "filter hook output priority filter + 30", "Refuses captured connections that would leave.");
        script.rule("meta l4proto != tcp accept");
        if (uses(InterceptionMethod.TPROXY)) {
            script.rule(isDiverted("meta") + " goto unless-stray");
        }
        if (uses(InterceptionMethod.REDIRECT)) {
            script.rule("ct direction original " + isRedirected() + " goto unless-redirected");
        }
        if (plan.guardNextHop()) {
            script.rule(isOwn() + " goto unless-captured");
        }
        script.end();
        if (uses(InterceptionMethod.TPROXY)) {
            script.chain("unless-stray");
            script.rule(TUPLE4 + " @stray4 counter reject with tcp reset comment \"no route to the listener\"");
            script.rule(TUPLE6 + " @stray6 counter reject with tcp reset comment \"no route to the listener\"");
            script.end();
        }
        if (uses(InterceptionMethod.REDIRECT)) {
            unlessTakenToLoopback("unless-redirected", "not redirected");
        }
        if (plan.guardNextHop()) {
            unlessTakenToLoopback("unless-captured", "next hop did not capture");
        }
    }

    /** A connection that TPROXY captured no longer has its hop's mark here; a redirected one has a new destination. */
    private void unlessTakenToLoopback(String chain, String reason) {
        script.chain(chain);
        script.rule("ct status dnat ip daddr 127.0.0.0/8 accept");
        script.rule("ct status dnat ip6 daddr ::1 accept");
        script.rule("ct state invalid counter drop comment \"invalid conntrack state\"");
        script.rule("counter reject with tcp reset comment \"" + reason + "\"");
        script.end();
    }

    private void last() {
        script.chain(
                "last",
                "filter hook postrouting priority srcnat + 100",
                "Drops captured packets that would leave, whatever other rules did.");
        script.rule("oif lo accept");
        script.rule("meta l4proto != tcp accept");
        if (uses(InterceptionMethod.TPROXY)) {
            script.rule(isDiverted("meta") + " goto stray");
            script.rule(isDiverted("ct") + " ct direction original goto stray");
            script.rule(isReversed() + " ct direction reply goto stray");
        }
        if (uses(InterceptionMethod.REDIRECT)) {
            script.rule("ct direction original " + isRedirected() + " counter drop comment \"redirected, leaving\"");
        }
        if (plan.guardNextHop()) {
            script.rule(isOwn() + " counter drop comment \"next hop did not capture\"");
        }
        script.end();
        if (uses(InterceptionMethod.TPROXY)) {
            script.chain("stray");
            script.rule("add @stray4 { " + TUPLE4 + " timeout 10s }");
            script.rule("add @stray6 { " + TUPLE6 + " timeout 10s }");
            script.rule("counter drop comment \"diverted, leaving\"");
            script.end();
        }
    }

    /** @param of {@code meta} for the packet mark, {@code ct} for the connection mark */
    private String isDiverted(String of) {
        return "%s mark & 0x%08x == %s".formatted(of, Marks.HOP_MASK, Marks.text(Marks.diverted(plan.mark(), 0)));
    }

    private String isReversed() {
        return "ct mark & 0x%08x == %s".formatted(Marks.HOP_MASK, Marks.text(Marks.reversed(plan.mark(), 0)));
    }

    private String isRedirected() {
        return "ct mark & 0x%08x == %s".formatted(Marks.HOP_MASK, Marks.text(Marks.redirected(plan.mark(), 0)));
    }

    private String isOwn() {
        return "meta mark & 0x%08x == %s".formatted(Marks.SOCKET_MASK, Marks.text(plan.mark()));
    }

    private static String isPrevious(PreviousHop previous) {
        return previous.mark().isPresent()
                ? "meta mark & 0x%08x == %s "
                        .formatted(Marks.SOCKET_MASK, Marks.text(previous.mark().getAsInt()))
                : "";
    }

    /** Returns whether the user is part of the conditions of any capture or exception. */
    private static boolean isByUid(CaptureRule capture) {
        return switch (capture.match()) {
            case PreviousHop previous -> previous.mark().isEmpty();
            case Apps apps -> !apps.uids().isEmpty();
        };
    }

    private boolean asksForUid() {
        return plan.captures().stream().anyMatch(capture -> switch (capture.match()) {
            case PreviousHop previous -> previous.uid().isPresent();
            case Apps apps -> !apps.uids().isEmpty() || !apps.except().uids().isEmpty();
        });
    }

    private boolean captures() {
        return !plan.captures().isEmpty();
    }

    private boolean refusesUdp() {
        return plan.captures().stream().anyMatch(capture -> capture.match() instanceof Apps apps && apps.refuseUdp());
    }

    private boolean uses(InterceptionMethod method) {
        return plan.captures().stream().anyMatch(capture -> capture.method() == method);
    }

    private ImmutableList<CaptureRule> firstOfEachListener() {
        return plan.listeners().stream()
                .map(name -> plan.captures().stream()
                        .filter(capture -> capture.listener().equals(name))
                        .findFirst()
                        .orElseThrow())
                .collect(ImmutableList.toImmutableList());
    }

    private String appsChain(CaptureRule capture) {
        return "apps-" + numbered(capture);
    }

    private String unknownChain(CaptureRule capture) {
        return "unknown-" + numbered(capture);
    }

    private String udpChain(CaptureRule capture) {
        return "refuse-udp-" + numbered(capture);
    }

    private String numbered(CaptureRule capture) {
        return "%d-%s".formatted(plan.captures().indexOf(capture) + 1, capture.listener());
    }

    private ImmutableList<String> ownAndLaterMarks() {
        return ImmutableList.<Integer>builder().add(plan.mark()).addAll(plan.laterMarks()).build().stream()
                .distinct()
                .map(Marks::text)
                .collect(ImmutableList.toImmutableList());
    }

    /**
     * Returns one condition for each address family. Networks are merged, because nft refuses sets with overlapping
     * networks.
     */
    private static List<String> networks(List<Cidr> networks) {
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

    private static List<String> quoted(List<String> names) {
        return names.stream().map(name -> '"' + name + '"').toList();
    }

    private static String set(List<?> elements) {
        return elements.stream().distinct().map(Object::toString).collect(Collectors.joining(", ", "{ ", " }"));
    }
}
