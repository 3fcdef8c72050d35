package dev.throughline.intercept;

import static com.google.common.collect.ImmutableListMultimap.toImmutableListMultimap;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.throughline.intercept.MarkExpression.NewMark;
import dev.throughline.intercept.NftListing.Chain;
import dev.throughline.intercept.NftListing.ChainName;
import dev.throughline.intercept.NftListing.Rule;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A search for rules of other programs that treat packets of a hop differently because of their mark, or change the
 * hop's marks. It follows each kind of packet through all chains that it can reach, and compares it with a packet
 * without marks: a difference is due to the mark. Conditions on anything but marks may hold or not; only conditions
 * that no TCP packet of this host satisfies end a path.
 */
final class ForeignRules {
    private static final String OURS = "throughline-";
    private static final ImmutableSet<String> HOOKS = ImmutableSet.of("prerouting", "input", "output", "postrouting");
    private static final ImmutableSet<String> NOT_TCP =
            ImmutableSet.of("udp", "udplite", "icmp", "icmpv6", "icmp6", "igmp", "sctp", "dccp", "esp", "ah");

    private final ImmutableList<Chain> chains;
    private final ImmutableListMultimap<ChainName, Rule> rules;
    private final ImmutableMap<String, String> words;
    private final Map<Rule, Map<String, Set<String>>> found = new LinkedHashMap<>();
    private final Set<Visit> visited = new HashSet<>();

    private record Visit(ChainName chain, MarkedPacket packet, String hook, boolean marked, boolean certain) {}

    /** The result of evaluating the conditions of a rule. */
    private enum Holds {
        NEVER,
        MAYBE,
        ALWAYS
    }

    private ForeignRules(NftListing listing, ImmutableMap<String, String> words) {
        this.chains = listing.chains();
        this.rules = listing.rules().stream().collect(toImmutableListMultimap(Rule::chain, rule -> rule));
        this.words = words;
    }

    /**
     * Returns the rules that affect packets of {@code plan}, in the order of the listing.
     *
     * @param json output of {@code nft -j list ruleset}
     * @param text output of {@code nft -a list ruleset}, which has the text of each rule
     */
    static ImmutableList<ForeignRule> of(String json, String text, RulePlan plan) {
        NftListing listing = NftListing.parse(json);
        ForeignRules foreign = new ForeignRules(listing, NftListing.words(text));
        MarkedPacket.of(plan).forEach(foreign::send);
        return listing.rules().stream()
                .filter(foreign.found::containsKey)
                .map(foreign::report)
                .collect(ImmutableList.toImmutableList());
    }

    private void send(MarkedPacket packet) {
        for (Chain chain : chains) {
            boolean foreign = !chain.name().table().startsWith(OURS);
            boolean ip =
                    ImmutableSet.of("ip", "ip6", "inet").contains(chain.name().family());
            boolean passes = packet.own()
                    ? chain.hook().equals("output") || chain.hook().equals("postrouting")
                    : HOOKS.contains(chain.hook());
            if (foreign && ip && passes) {
                walk(chain.name(), packet, chain.hook(), false, true);
            }
        }
    }

    /**
     * Follows a packet through a chain.
     *
     * @param marked whether the packet reached the chain only because of its mark
     * @param certain whether the packet reached the chain for certain
     */
    private void walk(ChainName name, MarkedPacket packet, String hook, boolean marked, boolean certain) {
        if (!visited.add(new Visit(name, packet, hook, marked, certain))) {
            return;
        }
        boolean onlyMarked = marked;
        for (Rule rule : rules.get(name)) {
            Holds holds = holds(rule, packet, hook);
            Holds unmarked = holds(rule, MarkedPacket.UNMARKED, hook);
            Optional<String> verdict = verdict(rule, packet);
            if (holds == Holds.NEVER) {
                // A packet without the mark leaves the chain here.
                onlyMarked |= unmarked == Holds.ALWAYS
                        && verdict.filter(ForeignRules::leaves).isPresent();
                continue;
            }
            boolean here =
                    onlyMarked || unmarked == Holds.NEVER || !verdict.equals(verdict(rule, MarkedPacket.UNMARKED));
            boolean always = certain && holds == Holds.ALWAYS;
            marksSet(rule, packet).ifPresent(effect -> note(rule, packet, effect, always));
            if (here) {
                effect(verdict, unmarked == Holds.NEVER).ifPresent(effect -> note(rule, packet, effect, always));
            }
            target(rule, packet)
                    .ifPresent(target ->
                            walk(new ChainName(name.family(), name.table(), target), packet, hook, here, always));
            if (holds == Holds.ALWAYS && verdict.filter(ForeignRules::leaves).isPresent()) {
                return;
            }
        }
    }

    private Holds holds(Rule rule, MarkedPacket packet, String hook) {
        Holds result = Holds.ALWAYS;
        for (Object statement : rule.expressions()) {
            Holds one = holds(statement, packet, hook);
            if (one == Holds.NEVER) {
                return Holds.NEVER;
            }
            result = one == Holds.MAYBE ? Holds.MAYBE : result;
        }
        return result;
    }

    private static Holds holds(Object statement, MarkedPacket packet, String hook) {
        if (NftListing.member(statement, "xt") instanceof Map<?, ?> xt && "match".equals(xt.get("type"))) {
            String name = String.valueOf(xt.get("name"));
            return NOT_TCP.contains(name) ? Holds.NEVER : name.equals("comment") ? Holds.ALWAYS : Holds.MAYBE;
        }
        if (!(NftListing.member(statement, "match") instanceof Map<?, ?> match)) {
            return NftListing.member(statement, "limit") == null ? Holds.ALWAYS : Holds.MAYBE;
        }
        Object left = match.get("left");
        Object right = match.get("right");
        String operator = String.valueOf(match.get("op"));
        if (MarkExpression.readsMark(left)) {
            return MarkExpression.value(left, packet)
                    .flatMap(value -> compare(value, operator, right))
                    .map(yes -> yes ? Holds.ALWAYS : Holds.NEVER)
                    .orElse(Holds.MAYBE);
        }
        return fitsTcp(left, operator, right) && fitsDevice(left, operator, right, hook) ? Holds.MAYBE : Holds.NEVER;
    }

    private static Optional<Boolean> compare(int value, String operator, @Nullable Object right) {
        return switch (operator) {
            case "==", "in" -> MarkExpression.isIn(value, right);
            case "!=" -> MarkExpression.isIn(value, right).map(in -> !in);
            case "<", ">", "<=", ">=" -> {
                if (!(right instanceof Long number)) {
                    yield Optional.empty();
                }
                int order = Long.compare(Integer.toUnsignedLong(value), number);
                yield Optional.of(
                        switch (operator) {
                            case "<" -> order < 0;
                            case ">" -> order > 0;
                            case "<=" -> order <= 0;
                            default -> order >= 0;
                        });
            }
            default -> Optional.empty();
        };
    }

    private static boolean fitsTcp(@Nullable Object left, String operator, @Nullable Object right) {
        Object payload = NftListing.member(left, "payload");
        if (NOT_TCP.contains(String.valueOf(NftListing.member(payload, "protocol")))) {
            return false;
        }
        boolean protocol = "l4proto".equals(NftListing.member(NftListing.member(left, "meta"), "key"))
                || ImmutableSet.of("protocol", "nexthdr").contains(String.valueOf(NftListing.member(payload, "field")));
        if (!protocol || !operator.equals("==")) {
            return true;
        }
        return texts(right).stream().anyMatch(name -> !NOT_TCP.contains(name) && !name.equals("17"));
    }

    /** Packets of this host enter by {@code lo} only, and have no input device before that. */
    private static boolean fitsDevice(@Nullable Object left, String operator, @Nullable Object right, String hook) {
        String key = String.valueOf(NftListing.member(NftListing.member(left, "meta"), "key"));
        if (!key.equals("iif") && !key.equals("iifname")) {
            return true;
        }
        boolean lo = texts(right).stream().anyMatch(name -> name.equals("lo") || name.startsWith("l*"));
        boolean comesIn = hook.equals("prerouting") || hook.equals("input");
        return operator.equals("==") ? lo && comesIn : !lo || !comesIn;
    }

    private static List<String> texts(@Nullable Object right) {
        return NftListing.member(right, "set") instanceof List<?> set
                ? set.stream().map(String::valueOf).toList()
                : List.of(String.valueOf(right));
    }

    /** Returns the verdict of a rule: the name of its last statement. */
    private static Optional<String> verdict(Rule rule, MarkedPacket packet) {
        if (rule.expressions().isEmpty()) {
            return Optional.empty();
        }
        return named(rule.expressions().getLast(), packet);
    }

    private static Optional<String> named(@Nullable Object statement, MarkedPacket packet) {
        if (NftListing.member(statement, "xt") instanceof Map<?, ?> xt) {
            return Optional.of(String.valueOf(xt.get("name")));
        }
        if (NftListing.member(statement, "vmap") instanceof Map<?, ?> map) {
            Optional<Integer> key = MarkExpression.value(map.get("key"), packet);
            if (key.isPresent() && NftListing.member(map.get("data"), "set") instanceof List<?> pairs) {
                return pairs.stream()
                        .filter(pair -> pair instanceof List<?> two
                                && two.size() == 2
                                && MarkExpression.isIn(key.get(), two.getFirst())
                                        .orElse(false))
                        .findFirst()
                        .flatMap(pair -> named(((List<?>) pair).getLast(), packet));
            }
            return Optional.empty();
        }
        return statement instanceof Map<?, ?> map && map.size() == 1
                ? Optional.of(String.valueOf(map.keySet().iterator().next()))
                : Optional.empty();
    }

    private static boolean leaves(String verdict) {
        return ImmutableSet.of("accept", "return", "drop", "goto", "reject", "masquerade", "snat", "dnat", "redirect")
                .contains(verdict);
    }

    private static Optional<String> target(Rule rule, MarkedPacket packet) {
        Object last = rule.expressions().isEmpty() ? null : rule.expressions().getLast();
        if (NftListing.member(last, "vmap") instanceof Map<?, ?> map
                && NftListing.member(map.get("data"), "set") instanceof List<?> pairs) {
            Optional<Integer> key = MarkExpression.value(map.get("key"), packet);
            last = pairs.stream()
                    .filter(pair -> pair instanceof List<?> two
                            && two.size() == 2
                            && key.isPresent()
                            && MarkExpression.isIn(key.get(), two.getFirst()).orElse(false))
                    .map(pair -> ((List<?>) pair).getLast())
                    .findFirst()
                    .orElse(null);
        }
        Object jump = NftListing.member(last, "jump");
        Object target = NftListing.member(jump == null ? NftListing.member(last, "goto") : jump, "target");
        return target instanceof String chain ? Optional.of(chain) : Optional.empty();
    }

    private static Optional<String> effect(Optional<String> verdict, boolean becauseOfThisRule) {
        return switch (verdict.orElse("")) {
            case "masquerade", "snat", "MASQUERADE", "SNAT" ->
                Optional.of("change the source address of %s, so that a next hop on this host can refuse them");
            case "dnat", "redirect", "tproxy", "DNAT", "REDIRECT", "TPROXY" -> Optional.of("send %s elsewhere");
            case "drop", "DROP" -> Optional.of("drop %s");
            case "reject", "REJECT" -> Optional.of("refuse %s");
            case "queue", "NFQUEUE" -> Optional.of("pass %s to another program");
            case "notrack", "CT" -> Optional.of("keep %s from conntrack");
            case "accept" ->
                becauseOfThisRule ? Optional.of("let %s pass before the other rules of that table") : Optional.empty();
            default -> Optional.empty();
        };
    }

    private Optional<String> marksSet(Rule rule, MarkedPacket packet) {
        for (Object statement : rule.expressions()) {
            Optional<NewMark> set = MarkExpression.set(NftListing.member(statement, "mangle"), packet);
            if (NftListing.member(statement, "xt") instanceof Map<?, ?> xt
                    && ImmutableSet.of("MARK", "CONNMARK").contains(String.valueOf(xt.get("name")))
                    && "target".equals(xt.get("type"))) {
                set = Optional.of(MarkExpression.setByTarget(String.valueOf(xt.get("name")), words(rule), packet));
            }
            if (set.isPresent() && set.get().changes(packet)) {
                NewMark mark = set.get();
                int old = mark.ofConnection() ? packet.connectionMark() : packet.mark();
                String bits = mark.value()
                        .map(value -> "bits " + Marks.brief((value ^ old) & Marks.MASK) + " of ")
                        .orElse("");
                String which = mark.ofConnection() ? "the connection mark of %s" : "the mark of %s";
                return Optional.of("change " + bits + which);
            }
        }
        return Optional.empty();
    }

    /** Records the effect of a rule on a packet: certain, or possible if it depends on conditions other than marks. */
    private void note(Rule rule, MarkedPacket packet, String effect, boolean always) {
        String verb = effect.substring(0, effect.indexOf(' '));
        String words = always ? verb + "s" + effect.substring(verb.length()) : "can " + effect;
        found.computeIfAbsent(rule, none -> new LinkedHashMap<>())
                .computeIfAbsent(words, none -> new LinkedHashSet<>())
                .add(packet.what());
    }

    private ForeignRule report(Rule rule) {
        String effects = found.getOrDefault(rule, Map.of()).entrySet().stream()
                .map(effect -> effect.getKey().formatted(String.join(", ", effect.getValue())))
                .collect(Collectors.joining("; "));
        ChainName chain = rule.chain();
        return new ForeignRule(
                "table %s %s, chain %s, handle %d"
                        .formatted(chain.family(), chain.table(), chain.chain(), rule.handle()),
                words(rule),
                effects);
    }

    private String words(Rule rule) {
        ChainName chain = rule.chain();
        return words.getOrDefault(
                "%s %s %s %d".formatted(chain.family(), chain.table(), chain.chain(), rule.handle()), "…");
    }
}
