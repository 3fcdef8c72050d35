package dev.throughline.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import dev.throughline.header.Bytes;
import dev.throughline.header.Cidr;
import dev.throughline.header.Tuple;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The decisions of a policy, and their explanations. */
class PolicyTest {
    private static final String HASH = "c0".repeat(32);

    private static final UUID POD = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");

    private static final Outcome DENY = new Outcome.Deny();
    private static final Outcome ALLOW = Outcome.Allow.PLAIN;
    private static final PolicyRule REST = new PolicyRule("rest", ImmutableList.of(), ImmutableList.of(), ALLOW);

    /** Ada's curl; all its attributes are known. */
    private static final ProcessIdentity CURL = identity(
            Evidence.SOCKET_LOOKUP,
            Optional.of(new Credentials(1000, 1000, 100)),
            new Code(Optional.of("/usr/bin/curl"), Optional.of(Bytes.ofHex(HASH)), Optional.of("curl"))
                    .withSignature(new AppleSignature(
                            Optional.of("com.apple.curl"), Optional.of("TEAM123456"), Optional.empty())),
            new Workload(Optional.empty(), Optional.empty())
                    .withUnit("backup@1.service")
                    .withContainer("4f5a", Optional.of(POD)),
            new ProcessContext(Optional.of("ada")));

    private static final ProcessContext CHILD_OF_CRON = new ProcessContext(Optional.of("ada"))
            .withParentExecutable(Optional.of("/usr/sbin/cron"), Optional.of(Bytes.ofHex(HASH)));

    /** A process of the same user, without other facts. */
    private static final ProcessIdentity UID_ONLY = identity(
            Evidence.UID_ONLY,
            Optional.of(Credentials.ofUser(1000)),
            Code.UNKNOWN,
            Workload.UNKNOWN,
            ProcessContext.UNKNOWN);

    /** A user whose name is all that is known, as an agent may hand it over. */
    private static final ProcessIdentity NAME_ONLY = identity(
            Evidence.BRIDGE, Optional.empty(), Code.UNKNOWN, Workload.UNKNOWN, new ProcessContext(Optional.of("ada")));

    private static final ProcessIdentity NOBODY_KNOWS =
            ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX);

    private static ProcessIdentity identity(
            Evidence evidence,
            Optional<Credentials> credentials,
            Code code,
            Workload place,
            ProcessContext processContext) {
        return new ProcessIdentity(
                evidence, OperatingSystem.LINUX, Optional.empty(), credentials, code, place, processContext);
    }

    private static PolicyRequest question(ProcessIdentity who, String destination, int port, Optional<String> name) {
        String source = destination.contains(":") ? "2001:db8::1" : "192.0.2.1";
        Tuple tuple = Tuple.tcp(new InetSocketAddress(source, 40000), new InetSocketAddress(destination, port));
        return new PolicyRequest(
                new Originator(
                        HostId.of("edge-1"), new FlowId(1, 2), Instant.EPOCH, tuple, InterceptionMethod.SOCKET, who),
                name);
    }

    private static PolicyRequest question(ProcessIdentity who) {
        return question(who, "10.1.2.3", 443, Optional.of("www.example.com"));
    }

    private static Condition user(List<Long> ids, List<String> names, boolean orUnknown) {
        return new Condition.User(ImmutableList.copyOf(ids), ImmutableList.copyOf(names), orUnknown);
    }

    private static Condition text(Subject subject, boolean orUnknown, String... patterns) {
        return new Condition.Text(
                subject,
                ImmutableList.copyOf(
                        List.of(patterns).stream().map(TextPattern::new).toList()),
                orUnknown);
    }

    private static Condition destination(String... networks) {
        return new Condition.Destination(
                ImmutableList.copyOf(List.of(networks).stream().map(Cidr::parse).toList()));
    }

    private static Condition evidence(Evidence... kinds) {
        return new Condition.EvidenceIs(ImmutableList.copyOf(kinds));
    }

    private static Condition atLeast(Evidence... least) {
        return new Condition.EvidenceAtLeast(ImmutableList.copyOf(least));
    }

    private static Condition ports(int first, int last) {
        return new Condition.Ports(ImmutableList.of(Range.closed(first, last)));
    }

    private static Condition hosts(String... names) {
        return new Condition.Host(ImmutableList.copyOf(names));
    }

    /** The process that holds a socket may have been taken over since; the kernel's record is made at connect(2). */
    @Test
    void aParentCountsOnlyIfItIsCertain() {
        Condition parent = text(Subject.PARENT, false, "/usr/sbin/cron");
        Condition hash = text(Subject.PARENT_SHA256, false, HASH);
        Code script = CURL.code().withScript("/opt/backup/run");
        for (Evidence evidence : List.of(Evidence.KERNEL_CONNECT, Evidence.SOCKET_LOOKUP)) {
            PolicyRequest question = question(
                    identity(evidence, CURL.credentials(), script, CURL.workload(), CHILD_OF_CRON),
                    "192.0.2.9",
                    443,
                    Optional.empty());
            boolean isCertain = evidence == Evidence.KERNEL_CONNECT;

            assertThat(parent.holds(question)).isEqualTo(isCertain);
            assertThat(hash.holds(question)).isEqualTo(isCertain);
            assertThat(text(Subject.PARENT, true).holds(question)).isEqualTo(!isCertain);
            assertThat(text(Subject.SCRIPT, false, "/opt/backup/*").holds(question))
                    .isTrue();
        }
    }

    /** A condition, and whether it holds for curl, for a process with a known user only, and for an unknown process. */
    static List<Arguments> conditions() {
        return List.of(
                Arguments.of(user(List.of(1000L), List.of(), false), true, true, false),
                Arguments.of(user(List.of(0L, 1000L), List.of(), false), true, true, false),
                Arguments.of(user(List.of(0L), List.of(), false), false, false, false),
                Arguments.of(user(List.of(), List.of("ada"), false), true, false, false),
                Arguments.of(user(List.of(), List.of(), true), false, false, true),
                Arguments.of(new Condition.Group(ImmutableList.of(100L), false), true, false, false),
                Arguments.of(new Condition.Group(ImmutableList.of(1L), true), false, true, true),
                Arguments.of(text(Subject.EXECUTABLE, false, "/usr/bin/curl"), true, false, false),
                Arguments.of(text(Subject.EXECUTABLE, false, "/bin/sh", "/usr/bin/*"), true, false, false),
                Arguments.of(text(Subject.EXECUTABLE, false, "/usr/bin/wget"), false, false, false),
                Arguments.of(text(Subject.EXECUTABLE, true), false, true, true),
                Arguments.of(text(Subject.EXECUTABLE, true, "/usr/bin/curl"), true, true, true),
                Arguments.of(text(Subject.SHA256, false, HASH), true, false, false),
                Arguments.of(text(Subject.SHA256, false, "00".repeat(32)), false, false, false),
                Arguments.of(text(Subject.UNIT, false, "backup@*.service"), true, false, false),
                Arguments.of(text(Subject.UNIT, true, "nginx.service"), false, true, true),
                Arguments.of(text(Subject.CONTAINER, false, "4f5a"), true, false, false),
                Arguments.of(text(Subject.CONTAINER, false, "4f5b"), false, false, false),
                Arguments.of(text(Subject.POD, false, POD.toString()), true, false, false),
                Arguments.of(text(Subject.SIGNING_ID, false, "com.apple.*"), true, false, false),
                Arguments.of(text(Subject.SIGNING_ID, false, "com.example.*"), false, false, false),
                Arguments.of(text(Subject.TEAM_ID, false, "TEAM123456"), true, false, false),
                Arguments.of(text(Subject.DESTINATION_HOST, false, "*.example.com"), true, true, true),
                Arguments.of(text(Subject.DESTINATION_HOST, true, "example.com"), false, false, false),
                Arguments.of(hosts("edge-2", "edge-1"), true, true, true),
                Arguments.of(hosts("edge-2"), false, false, false),
                Arguments.of(evidence(Evidence.UID_ONLY, Evidence.SHARED), false, true, false),
                Arguments.of(evidence(Evidence.UNKNOWN), false, false, true),
                Arguments.of(atLeast(Evidence.KERNEL_CONNECT), false, false, false),
                Arguments.of(atLeast(Evidence.SOCKET_LOOKUP), true, false, false),
                Arguments.of(atLeast(Evidence.UID_ONLY), true, true, false),
                Arguments.of(atLeast(Evidence.KERNEL_CONNECT, Evidence.UID_ONLY), true, true, false),
                Arguments.of(destination("192.0.2.0/24", "10.0.0.0/8"), true, true, true),
                Arguments.of(destination("192.0.2.0/24", "::/0"), false, false, false),
                Arguments.of(ports(443, 443), true, true, true),
                Arguments.of(ports(444, 500), false, false, false));
    }

    @ParameterizedTest
    @MethodSource("conditions")
    void conditionsHoldForKnownFacts(Condition condition, boolean ofCurl, boolean ofUidOnly, boolean ofUnknown) {
        assertThat(condition.holds(question(CURL))).isEqualTo(ofCurl);
        assertThat(condition.holds(question(UID_ONLY))).isEqualTo(ofUidOnly);
        assertThat(condition.holds(question(NOBODY_KNOWS))).isEqualTo(ofUnknown);
    }

    /** A user whose name is a number isn't the user of that id, nor the other way round. */
    @Test
    void aNameIsNeverAnId() {
        ProcessIdentity odd = identity(
                Evidence.SOCKET_LOOKUP,
                Optional.of(Credentials.ofUser(1000)),
                Code.UNKNOWN,
                Workload.UNKNOWN,
                new ProcessContext(Optional.of("0")));

        assertThat(user(List.of(0L), List.of(), false).holds(question(odd))).isFalse();
        assertThat(user(List.of(), List.of("0"), false).holds(question(odd))).isTrue();
        assertThat(user(List.of(), List.of("1000"), false).holds(question(odd))).isFalse();
        assertThat(user(List.of(), List.of("1000"), false).holds(question(UID_ONLY)))
                .isFalse();
    }

    /** A user with a known name or id isn't unknown: a rule about unknown users must not match. */
    @Test
    void aUserIsUnknownOnlyIfNothingOfHimIsKnown() {
        Condition unknown = user(List.of(), List.of(), true);

        assertThat(unknown.holds(question(NOBODY_KNOWS))).isTrue();
        assertThat(unknown.holds(question(NAME_ONLY))).isFalse();
        assertThat(unknown.holds(question(UID_ONLY))).isFalse();
        assertThat(unknown.holds(question(CURL))).isFalse();
        assertThat(user(List.of(), List.of("bob"), true).holds(question(NAME_ONLY)))
                .isFalse();
    }

    /** A rule by id alone doesn't become another one for a name, and the other way round. */
    @Test
    void aConditionOnTheUserIsOpenOnlyForItsOwnFacts() {
        Condition byId = user(List.of(0L), List.of(), false);
        Condition byName = user(List.of(), List.of("bob"), false);
        Condition byEither = user(List.of(0L), List.of("bob"), false);

        assertThat(byId.isOpen(question(UID_ONLY))).isFalse();
        assertThat(byId.isOpen(question(NAME_ONLY))).isTrue();
        assertThat(byName.isOpen(question(UID_ONLY))).isTrue();
        assertThat(byName.isOpen(question(NAME_ONLY))).isFalse();
        assertThat(byEither.isOpen(question(UID_ONLY))).isTrue();
        assertThat(byEither.isOpen(question(NAME_ONLY))).isTrue();
        assertThat(byEither.isOpen(question(CURL))).isFalse();
    }

    @Test
    void theFirstRuleThatIsAboutAFlowDecides() {
        Policy policy = policy(
                rule("no-wget", DENY, text(Subject.EXECUTABLE, false, "/usr/bin/wget")),
                rule(
                        "curl",
                        new Outcome.Allow(Optional.of("vault"), Optional.of("bulk")),
                        ports(443, 443),
                        hosts("edge-1")),
                rule("never", DENY, ports(443, 443)));

        assertThat(policy.decide(question(CURL)))
                .isEqualTo(new Decision(
                        Optional.of("curl"), new Outcome.Allow(Optional.of("vault"), Optional.of("bulk"))));
        assertThat(policy.decide(question(CURL, "10.1.2.3", 80, Optional.empty())))
                .isEqualTo(new Decision(Optional.of("rest"), ALLOW));
    }

    @Test
    void allConditionsOfARuleMustHold() {
        Policy policy = policy(rule("both", DENY, ports(443, 443), text(Subject.EXECUTABLE, false, "/usr/bin/curl")));

        assertThat(policy.decide(question(CURL)).outcome()).isEqualTo(DENY);
        assertThat(policy.decide(question(CURL, "10.1.2.3", 80, Optional.empty()))
                        .outcome())
                .isEqualTo(ALLOW);
        assertThat(policy.decide(question(UID_ONLY, "10.1.2.3", 80, Optional.empty()))
                        .outcome())
                .isEqualTo(ALLOW);
    }

    /** A condition for a rule, and an originator that is known except for that fact. */
    static List<Arguments> conditionsThatMayHold() {
        return List.of(
                Arguments.of(user(List.of(0L), List.of(), false), NOBODY_KNOWS),
                Arguments.of(user(List.of(), List.of("bob"), false), NOBODY_KNOWS),
                Arguments.of(user(List.of(0L), List.of(), false), NAME_ONLY),
                Arguments.of(new Condition.Group(ImmutableList.of(1L), false), UID_ONLY),
                Arguments.of(text(Subject.EXECUTABLE, false, "/usr/bin/wget"), UID_ONLY),
                Arguments.of(text(Subject.SHA256, false, HASH), NOBODY_KNOWS),
                Arguments.of(text(Subject.SCRIPT, false, "/opt/run"), UID_ONLY),
                Arguments.of(text(Subject.PARENT, false, "/usr/sbin/cron"), NOBODY_KNOWS),
                Arguments.of(text(Subject.UNIT, false, "nginx.service"), UID_ONLY),
                Arguments.of(text(Subject.CONTAINER, false, "4f5b"), NOBODY_KNOWS),
                Arguments.of(text(Subject.POD, false, POD.toString()), UID_ONLY));
    }

    /** A process can't bypass a deny rule or a route by ending before it is identified. */
    @ParameterizedTest
    @MethodSource("conditionsThatMayHold")
    void aFlowWhoseOutcomeDependsOnWhatIsNotKnownIsDenied(Condition condition, ProcessIdentity who) {
        Outcome vault = new Outcome.Allow(Optional.of("vault"), Optional.empty());
        PolicyRequest question = question(who);

        for (Outcome then : List.of(DENY, vault)) {
            Decision denied = policy(rule("some", then, condition)).decide(question);
            assertThat(denied.rule()).contains("some");
            assertThat(denied.outcome()).isEqualTo(DENY);
            assertThat(denied.notKnown().orElseThrow())
                    .startsWith(condition.name() + " is")
                    .endsWith(" unknown");
        }
        assertThat(policy(rule("some", ALLOW, condition)).decide(question).outcome())
                .isEqualTo(ALLOW);
        assertThat(policy(rule("elsewhere", DENY, condition, ports(1, 2)))
                        .decide(question)
                        .outcome())
                .isEqualTo(ALLOW);
        assertThat(policy(new PolicyRule("some", ImmutableList.of(condition), ImmutableList.of(), DENY, true))
                        .decide(question)
                        .outcome())
                .isEqualTo(ALLOW);
    }

    /** No hop could identify the originator: it must not match a rule about a process of this host. */
    @ParameterizedTest
    @MethodSource("conditionsThatMayHold")
    void originatorsOnOtherHostsMayBeUnknown(Condition condition, ProcessIdentity unused) {
        ProcessIdentity remote = ProcessIdentity.unknown(Evidence.REMOTE, OperatingSystem.LINUX);

        assertThat(policy(rule("some", DENY, condition))
                        .decide(question(remote))
                        .outcome())
                .isEqualTo(ALLOW);
    }

    /** A named process may be in no unit, no container and signed by nobody. */
    @Test
    void anOptionalFactThatIsAbsentIsNotUnknown() {
        ProcessIdentity plain = identity(
                Evidence.KERNEL_CONNECT, CURL.credentials(), Code.UNKNOWN, Workload.UNKNOWN, ProcessContext.UNKNOWN);
        for (Condition condition : List.of(
                text(Subject.UNIT, false, "nginx.service"),
                text(Subject.CONTAINER, false, "4f5b"),
                text(Subject.SCRIPT, false, "/opt/run"),
                text(Subject.TEAM_ID, false, "TEAM123456"),
                text(Subject.DESTINATION_HOST, false, "example.com"))) {
            assertThat(policy(rule("some", DENY, condition))
                            .decide(question(plain, "10.1.2.3", 443, Optional.empty()))
                            .outcome())
                    .as(condition.name())
                    .isEqualTo(ALLOW);
        }
    }

    @Test
    void anExceptionToWhatIsAllowedMustBeRuledOut() {
        PolicyRule butCurl = new PolicyRule(
                "all-but-curl",
                ImmutableList.of(),
                ImmutableList.of(text(Subject.EXECUTABLE, false, "/usr/bin/curl")),
                ALLOW);
        PolicyRule rest = new PolicyRule("rest", ImmutableList.of(), ImmutableList.of(), DENY);
        Policy policy = new Policy(ImmutableList.of(butCurl, rest));

        assertThat(policy.decide(question(CURL)).outcome()).isEqualTo(DENY);
        assertThat(policy.decide(question(UID_ONLY)).outcome()).isEqualTo(DENY);
    }

    @Test
    void itListsRulesThatAllowUnknownOriginators() {
        Condition curl = text(Subject.EXECUTABLE, false, "/usr/bin/curl");
        PolicyRule denied = rule("no-curl", DENY, curl);
        PolicyRule deniedThere = rule("no-curl-there", DENY, curl, ports(443, 443));
        PolicyRule passing = new PolicyRule("no-curl", ImmutableList.of(curl), ImmutableList.of(), DENY, true);

        assertThat(policy(denied).allowUnknown()).isEmpty();
        assertThat(policy(deniedThere).allowUnknown()).containsExactly("rest");
        assertThat(policy(passing).allowUnknown()).containsExactly("rest");
        assertThat(policy(rule("nobody", ALLOW, evidence(Evidence.UNKNOWN)), denied)
                        .allowUnknown())
                .containsExactly("nobody");
        assertThat(policy(rule("web", ALLOW, ports(443, 443))).allowUnknown()).isEmpty();
    }

    /** A deny rule with exceptions denies unproven originators: an unknown fact is no exception. */
    @Test
    void unlessExceptsOnlyWhatIsKnownToBeExcepted() {
        PolicyRule onlyCurl = new PolicyRule(
                "only-curl",
                ImmutableList.of(),
                ImmutableList.of(atLeast(Evidence.SOCKET_LOOKUP), text(Subject.EXECUTABLE, false, "/usr/bin/curl")),
                DENY);
        Policy policy = policy(onlyCurl);

        assertThat(policy.decide(question(CURL)).outcome()).isEqualTo(ALLOW);
        assertThat(policy.decide(question(UID_ONLY)).outcome()).isEqualTo(DENY);
        assertThat(policy.decide(question(NOBODY_KNOWS)).outcome()).isEqualTo(DENY);
    }

    /** Also without a condition on the evidence. */
    @ParameterizedTest
    @MethodSource("exceptionsForCurl")
    void anUnknownFactIsNoException(Condition exception) {
        Policy policy = policy(new PolicyRule("but-for", ImmutableList.of(), ImmutableList.of(exception), DENY));

        assertThat(policy.decide(question(CURL)).outcome()).isEqualTo(ALLOW);
        assertThat(policy.decide(question(NOBODY_KNOWS)).outcome()).isEqualTo(DENY);
    }

    static List<Condition> exceptionsForCurl() {
        return List.of(
                user(List.of(1000L), List.of(), false),
                user(List.of(), List.of("ada"), false),
                new Condition.Group(ImmutableList.of(100L), false),
                text(Subject.EXECUTABLE, false, "/usr/bin/curl"),
                text(Subject.SHA256, false, HASH),
                text(Subject.UNIT, false, "backup@1.service"),
                text(Subject.CONTAINER, false, "4f5a"),
                text(Subject.POD, false, POD.toString()),
                text(Subject.SIGNING_ID, false, "com.apple.curl"),
                text(Subject.TEAM_ID, false, "TEAM123456"));
    }

    /** Such a rule is meant for flows with an unknown originator. */
    @Test
    void thatSomethingIsUnknownCanBeTheException() {
        Policy policy = policy(
                new PolicyRule("known", ImmutableList.of(), ImmutableList.of(text(Subject.EXECUTABLE, true)), DENY));

        assertThat(policy.decide(question(CURL)).outcome()).isEqualTo(DENY);
        assertThat(policy.decide(question(UID_ONLY)).outcome()).isEqualTo(ALLOW);
    }

    @Test
    void anExceptionHoldsOnlyAsAWhole() {
        Policy policy = policy(new PolicyRule(
                "but-for-both",
                ImmutableList.of(),
                ImmutableList.of(text(Subject.EXECUTABLE, false, "/usr/bin/curl"), ports(80, 80)),
                DENY));

        assertThat(policy.decide(question(CURL)).outcome()).isEqualTo(DENY);
        assertThat(policy.decide(question(UID_ONLY, "10.1.2.3", 80, Optional.empty()))
                        .outcome())
                .isEqualTo(DENY);
        assertThat(policy.decide(question(CURL, "10.1.2.3", 80, Optional.empty()))
                        .outcome())
                .isEqualTo(ALLOW);
    }

    @Test
    void explainsWhyEachRuleDidNotMatch() {
        Policy policy = policy(
                rule("a", DENY, user(List.of(0L), List.of("bob"), false)),
                rule("b", DENY, hosts("edge-1"), text(Subject.SHA256, true, "00".repeat(32))),
                new PolicyRule(
                        "c", ImmutableList.of(), ImmutableList.of(destination("10.0.0.0/8"), ports(1, 999)), DENY),
                rule("d", ALLOW, atLeast(Evidence.UID_ONLY)),
                rule("e", ALLOW));

        assertThat(policy.explain(question(CURL)))
                .extracting(step ->
                        step.rule().name() + ": " + (step.match() instanceof PolicyRule.Match.No no ? no.why() : "hit"))
                .containsExactly(
                        "a: user is ada (1000), not 0 or bob",
                        "b: sha256 is " + HASH + ", not " + "00".repeat(32) + " or unknown",
                        "c: excepted, since destination is 10.1.2.3 and ports is 443",
                        "d: hit");
    }

    /** An explanation must show that a rule didn't match only because too little is known. */
    @Test
    void explainsWhenUnknownFactsCouldChangeTheMatch() {
        Policy policy = policy(
                rule("user", DENY, user(List.of(), List.of("bob"), false)),
                rule("exe", DENY, text(Subject.EXECUTABLE, false, "/usr/bin/curl")),
                rule("port", DENY, ports(1, 2)));

        assertThat(policy.explain(question(UID_ONLY)))
                .extracting(Policy.Step::match)
                .containsExactly(
                        new PolicyRule.Match.No("user is 1000, name unknown, not bob", true),
                        new PolicyRule.Match.Unsure("executable is unknown"),
                        new PolicyRule.Match.No("ports is 443, not 1-2", false),
                        new PolicyRule.Match.Yes());
    }

    @Test
    void itEndsWithARuleAboutEveryFlow() {
        ImmutableList<PolicyRule> open = ImmutableList.of(rule("some", ALLOW, ports(1, 2)));

        assertThatThrownBy(() -> new Policy(open)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void withoutAPolicyEveryFlowGoesItsUsualWay() {
        assertThat(Policy.NONE.decide(question(NOBODY_KNOWS))).isEqualTo(new Decision(Optional.empty(), ALLOW));
    }

    private static PolicyRule rule(String name, Outcome then, Condition... when) {
        return new PolicyRule(name, ImmutableList.copyOf(when), ImmutableList.of(), then);
    }

    private static Policy policy(PolicyRule... rules) {
        return new Policy(
                ImmutableList.<PolicyRule>builder().add(rules).add(REST).build());
    }
}
