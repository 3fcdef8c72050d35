package dev.throughline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.Evidence;
import dev.throughline.policy.Condition;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.PolicyRule;
import dev.throughline.policy.Subject;
import dev.throughline.policy.TextPattern;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The format of policies, and the messages for invalid ones. */
class PolicyReaderTest {
    @TempDir
    Path folder;

    private static final String HOP = """
            hop: hop-c
            host: edge-1
            key: hop-c.key
            listeners: [{ name: front, mode: transparent, by: plain, address: "192.0.2.3:80", destination: "192.0.2.4:80" }]
            route: { to: destination }
            """;

    /** A rule about /bin/curl would deny nothing if /bin is a link, unless the link is resolved. */
    @Test
    void aPathIsAlsoThatOfTheFoldersThatItsLinksMean() throws Exception {
        Path real = Files.createDirectories(folder.toRealPath().resolve("usr/bin"));
        Path link = Files.createSymbolicLink(folder.toRealPath().resolve("bin"), Path.of("usr/bin"));
        Files.createSymbolicLink(real.resolve("vi"), Files.createFile(real.resolve("many")));
        HopConfig config = read(HOP + """
                policy:
                  - { name: a, when: { executable: [%1$s/curl, %1$s/vi, %1$s/x*, %2$s/wget] }, then: deny }
                  - { name: b, unless: { script: %1$s/**, parent: %1$s/sh }, then: deny }
                  - { name: rest, then: allow }
                """.formatted(link, real));

        assertThat(config.routing().policy().rules().get(0).when())
                .containsExactly(text(
                        Subject.EXECUTABLE,
                        link + "/curl",
                        real + "/curl",
                        link + "/vi",
                        real + "/vi",
                        link + "/x*",
                        real + "/x*",
                        real + "/wget"));
        assertThat(config.routing().policy().rules().get(1).unless())
                .containsExactly(
                        text(Subject.SCRIPT, link + "/**", real + "/**"),
                        text(Subject.PARENT, link + "/sh", real + "/sh"));
    }

    private static Condition text(Subject subject, String... patterns) {
        return new Condition.Text(
                subject, Arrays.stream(patterns).map(TextPattern::new).collect(ImmutableList.toImmutableList()), false);
    }

    @Test
    void everyConditionAndEveryOutcomeIsRead() throws Exception {
        HopConfig config = read(HOP + """
                routes:
                  vault: { to: hop-v, at: "192.0.2.9:7001", close: [person] }
                classes: { bulk: {} }
                policy:
                  - name: all
                    when:
                      user: [root, 1000, ada, unknown]
                      group: 100
                      executable: [/usr/bin/curl, /opt/app/**]
                      sha256: C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0
                      unit: [nginx.service, worker@*.service]
                      container: [4f5a*, unknown]
                      pod: 01234567-89AB-CDEF-0123-456789ABCDEF
                      signing-id: com.apple.*
                      team-id: TEAM123456
                      host: [edge-1, edge-2]
                      evidence: [shared, remote]
                      evidence-at-least: [uid-only, bridge]
                      destination: [10.0.0.0/8, "2001:db8::/32"]
                      ports: [443, 8000-8099]
                      destination-host: "*.Example.COM."
                    then: { route: vault, class: bulk }
                  - { name: class, unless: { executable: unknown }, then: { class: bulk } }
                  - { name: rest, then: deny }
                """);

        assertThat(config.routing().routes().get("vault"))
                .isInstanceOfSatisfying(
                        RouteConfig.HopAt.class,
                        at -> assertThat(at.addresses().getFirst())
                                .isEqualTo(new InetSocketAddress("192.0.2.9", 7001)));
        assertThat(config.routing().classes()).containsOnlyKeys("bulk");
        PolicyRule all = config.routing().policy().rules().get(0);
        assertThat(all.when())
                .contains(
                        new Condition.User(ImmutableList.of(0L, 1000L), ImmutableList.of("ada"), true),
                        new Condition.Group(ImmutableList.of(100L), false),
                        new Condition.Text(
                                Subject.EXECUTABLE,
                                ImmutableList.of(new TextPattern("/usr/bin/curl"), new TextPattern("/opt/app/**")),
                                false),
                        new Condition.Text(Subject.SHA256, ImmutableList.of(new TextPattern("c0".repeat(32))), false),
                        new Condition.Text(
                                Subject.DESTINATION_HOST, ImmutableList.of(new TextPattern("*.example.com")), false),
                        new Condition.Text(
                                Subject.UNIT,
                                ImmutableList.of(new TextPattern("nginx.service"), new TextPattern("worker@*.service")),
                                false),
                        new Condition.Text(Subject.CONTAINER, ImmutableList.of(new TextPattern("4f5a*")), true),
                        new Condition.Text(
                                Subject.POD,
                                ImmutableList.of(new TextPattern("01234567-89ab-cdef-0123-456789abcdef")),
                                false),
                        new Condition.Text(Subject.SIGNING_ID, ImmutableList.of(new TextPattern("com.apple.*")), false),
                        new Condition.Text(Subject.TEAM_ID, ImmutableList.of(new TextPattern("TEAM123456")), false),
                        new Condition.Host(ImmutableList.of("edge-1", "edge-2")),
                        new Condition.EvidenceIs(ImmutableList.of(Evidence.SHARED, Evidence.REMOTE)),
                        new Condition.EvidenceAtLeast(ImmutableList.of(Evidence.UID_ONLY, Evidence.BRIDGE)))
                .hasSize(15);
        assertThat(all.when())
                .extracting(Condition::accepted)
                .contains("10.0.0.0/8 or 2001:db8::/32", "443 or 8000-8099");
        assertThat(all.then()).isEqualTo(new Outcome.Allow(Optional.of("vault"), Optional.of("bulk")));
        assertThat(config.routing().policy().rules().get(1))
                .isEqualTo(new PolicyRule(
                        "class",
                        ImmutableList.of(),
                        ImmutableList.of(new Condition.Text(Subject.EXECUTABLE, ImmutableList.of(), true)),
                        new Outcome.Allow(Optional.empty(), Optional.of("bulk"))));
        assertThat(config.routing().policy().rules().get(2).then()).isEqualTo(new Outcome.Deny());
    }

    /** A value of digits only is an id, and must be valid. */
    @Test
    void aUserInDigitsIsAnIdAndNeverAName() throws Exception {
        String rules = "policy: [{ name: a, when: { user: \"%s\" }, then: deny }, { name: rest, then: allow }]\n";

        assertThat(read(HOP + rules.formatted("01000"))
                        .routing()
                        .policy()
                        .rules()
                        .get(0)
                        .when())
                .containsExactly(new Condition.User(ImmutableList.of(1000L), ImmutableList.of(), false));
        assertThat(read(HOP + rules.formatted("1000a"))
                        .routing()
                        .policy()
                        .rules()
                        .get(0)
                        .when())
                .containsExactly(new Condition.User(ImmutableList.of(), ImmutableList.of("1000a"), false));
        assertThat(problems(HOP + rules.formatted("4294967296")))
                .isEqualTo("hop.yaml:6:35: \"user\": expected a numeric id, found \"4294967296\"");
        assertThat(problems(HOP + rules.formatted("")))
                .isEqualTo("hop.yaml:6:35: \"user\": expected a user name or id");
    }

    @Test
    void withoutOneThereIsNone() throws Exception {
        assertThat(read(HOP).routing().policy().rules()).isEmpty();
        assertThat(read(HOP).routing().routes()).isEmpty();
    }

    @Test
    void everyProblemIsReportedAtItsPosition() {
        assertThat(problems(HOP + """
                routes:
                  vault: { to: hop-v }
                  the vault: { to: hop-v, at: "192.0.2.9:7001" }
                classes: { bulk: { rate: 5 } }
                policy:
                  - { when: { user: [] }, then: deny }
                  - { name: b, when: { usr: ada }, then: alow }
                  - { name: c, when: { executable: curl, sha256: c0, group: staff }, then: { route: volt } }
                  - { name: d, unless: {}, then: { class: balk } }
                  - { name: d, when: { evidence: kernel, evidence-at-least: unknown, ports: 70000 }, then: {} }
                  - { name: e, when: { executable: /a*b*, destination: example.com, host: a b, destination-host: a/b } }
                  - { name: u, when: { unit: nginx, pod: 0123, container: "" }, then: deny }
                  - { name: f, then: deny, else: allow }
                  - { name: g, then: allow }
                """)).isEqualTo("""
                hop.yaml:7:16: expected either "at" with an address or "by: interception"
                hop.yaml:8:3: "the vault" is not a name: expected 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit
                hop.yaml:9:20: unknown key "rate" in "bulk": expected one of falls-over, per-destination, per-executable, per-executable-and-destination, per-process, per-user, wait
                hop.yaml:11:5: a rule needs "name"
                hop.yaml:11:21: "user" is empty: list values, or remove it
                hop.yaml:12:24: unknown key "usr" in "when": did you mean "user"?
                hop.yaml:12:42: "then": unknown value "alow": did you mean "allow"?
                hop.yaml:13:36: "executable": expected an absolute path such as /usr/bin/curl, found "curl"
                hop.yaml:13:50: "sha256": expected 64 hex digits, as sha256sum prints them, found "c0"
                hop.yaml:13:61: "group": expected a numeric id, found "staff"
                hop.yaml:13:85: "route": unknown value "volt": did you mean "vault"?
                hop.yaml:14:24: "unless" is empty: remove it for a rule without conditions
                hop.yaml:14:43: "class": unknown value "balk": did you mean "bulk"?
                hop.yaml:15:13: duplicate rule name "d"
                hop.yaml:15:34: "evidence": unknown value "kernel": expected one of bridge, kernel-connect, remote, shared, socket-lookup, uid-only, unknown
                hop.yaml:15:61: "evidence-at-least": unknown value "unknown": expected one of bridge, kernel-connect, socket-lookup, uid-only
                hop.yaml:15:77: "ports": expected a whole number from 1 to 65535, found "70000"
                hop.yaml:15:92: expected "allow", "deny", or a mapping with "route", "class" or both
                hop.yaml:16:5: a rule needs "then"
                hop.yaml:16:36: "executable": "/a*b*": one * or one ** at most
                hop.yaml:16:56: "destination": "example.com" is not a network: expected an IPv4 or IPv6 address without a zone before the '/'
                hop.yaml:16:75: "host": "a b" is not a name: expected 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit
                hop.yaml:16:98: "destination-host": expected a host name such as example.com or *.example.com, found "a/b"
                hop.yaml:17:30: "unit": expected a unit such as nginx.service, found "nginx"
                hop.yaml:17:42: "pod": expected a pod's uid such as 01234567-89ab-cdef-0123-456789abcdef, found "0123"
                hop.yaml:17:59: "container": expected a text
                hop.yaml:18:28: unknown key "else" in a rule: expected one of if-unknown, name, then, unless, when
                hop.yaml:19:13: unreachable rule: a rule before it has no conditions and matches every flow
                """.strip());
    }

    @Test
    void aPolicyNeedsARuleForAllOtherFlows() {
        String end = "the policy has no default: end it with a rule without conditions, such as"
                + " \"- { name: rest, then: deny }\"";
        assertThat(problems(HOP + "policy: [{ name: a, when: { user: 1 }, then: deny }]\n"))
                .isEqualTo("hop.yaml:6:9: " + end);
        assertThat(problems(HOP + "policy: []\n")).isEqualTo("hop.yaml:6:9: " + end);
    }

    @Test
    void aRuleThatNoFlowGetsToIsAMistake() {
        assertThat(problems(HOP + """
                policy:
                  - { name: a, then: deny }
                  - { name: b, when: { user: 1 }, then: allow }
                """))
                .isEqualTo(
                        "hop.yaml:8:13: unreachable rule: a rule before it has no conditions and matches every flow");
    }

    @Test
    void routesAndClassesMustBeDeclared() {
        assertThat(problems(HOP + "policy: [{ name: a, then: { route: vault, class: bulk } }]\n"))
                .isEqualTo("""
                        hop.yaml:6:36: "route": "vault" is not in "routes" of this file
                        hop.yaml:6:50: "class": "bulk" is not in "classes" of this file""");
    }

    /** A hop that intercepts another hop intercepts all its connections. */
    @Test
    void routesByInterceptionDoNotMix() throws Exception {
        String routes = HOP.replace("{ to: destination }", "{ to: hop-d, by: interception }") + "mark: 5\nroutes:\n";
        assertThat(problems(routes + "  vault: { to: hop-v, at: \"192.0.2.9:7001\" }\n"))
                .startsWith("hop.yaml:8:3: if any route uses \"by: interception\"");
        assertThat(problems(routes + "  vault: { to: hop-v, by: interception }\n"))
                .contains("with the same next hop");
        assertThat(problems(HOP + "mark: 5\nroutes: { d: { to: hop-d, by: interception } }\n"))
                .contains("with the same next hop");
        assertThat(problems(HOP + "routes: { d: { to: hop-d, by: interception } }\n"))
                .contains("\"mark\" is missing");
        assertThat(read(routes + "  quiet: { to: hop-d, by: interception, close: [person] }\n")
                        .routing()
                        .allRoutes())
                .hasSize(2);
    }

    private String problems(String yaml) {
        ConfigException problem = catchThrowableOfType(ConfigException.class, () -> read(yaml));
        return problem.getMessage().replace(folder + "/", "");
    }

    private HopConfig read(String yaml) throws ConfigException, IOException {
        return ConfigReader.read(Files.writeString(folder.resolve("hop.yaml"), yaml));
    }
}
