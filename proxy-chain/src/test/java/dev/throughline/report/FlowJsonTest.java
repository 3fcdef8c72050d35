package dev.throughline.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.RejectReason;
import dev.throughline.chain.Verification;
import dev.throughline.cli.HeaderFixture;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.key.Trust;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The log lines and the admin interface, word for word: programs read them. */
class FlowJsonTest {
    private static final Instant ACCEPTED = Instant.parse("2027-01-01T12:00:00Z");
    private static final Tuple SOCKET =
            Tuple.tcp(new InetSocketAddress("10.91.2.1", 41001), new InetSocketAddress("10.91.2.2", 7001));

    private final FlowJson json = new FlowJson("hop-c", new IdNames(trust(), "hop-c", "egress-1"));

    private static Trust trust() {
        try {
            return HeaderFixture.trust();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static FlowView flow(
            Optional<AcceptedConnection> arrival,
            Optional<SocketIdentity> kernel,
            Optional<Verification> verification,
            Optional<Originator> originator) {
        return flow(
                arrival, kernel, verification, originator, Optional.empty(), Optional.of(new NextHop.Destination()));
    }

    private static FlowView flow(
            Optional<AcceptedConnection> arrival,
            Optional<SocketIdentity> kernel,
            Optional<Verification> verification,
            Optional<Originator> originator,
            Optional<Decision> decision,
            Optional<NextHop> next) {
        return new FlowView(
                7,
                "chain",
                FlowView.Stage.RELAYING,
                ACCEPTED,
                Duration.ofMillis(1500),
                next.map(to -> Duration.ofNanos(2_500_000)),
                arrival,
                kernel,
                verification,
                originator,
                decision,
                next,
                next.map(to -> "bsd-socket"),
                ImmutableList.of(),
                100,
                2000);
    }

    private static AcceptedConnection arrival(boolean local) {
        return new AcceptedConnection.Tcp(InterceptionMethod.SOCKET, SOCKET, SOCKET, local);
    }

    private String opened(FlowView flow) {
        return opened(json, flow);
    }

    private static String opened(FlowJson json, FlowView flow) {
        return Json.object(out -> json.opened(out, flow));
    }

    private String closed(FlowView flow, CloseResult ending) {
        return Json.object(out -> json.closed(out, flow, ending));
    }

    /** One line in the log; the breaks are for reading. */
    private static String golden(String text) {
        return text.lines().map(String::strip).reduce("", String::concat);
    }

    @Test
    void aFlowThatCameThroughTwoHops() throws Exception {
        Verification.Verified verified = HeaderFixture.verified();

        String line = closed(
                flow(
                        Optional.of(arrival(false)),
                        Optional.empty(),
                        Optional.of(verified),
                        Optional.of(verified.originator())),
                new CloseResult(CloseReason.COMPLETED, ""));

        assertThat(line).isEqualTo(golden("""
                {"time":"2027-01-01T12:00:01.500Z","event":"flow.close","reason":"completed",
                "hop":"hop-c","listener":"chain","number":7,"flow":"00112233445566778899aabbccddeeff","stage":"relaying",
                "originator":{"host":"edge-1","evidence":"socket-lookup","os":"linux","pid":4242,"start_time":987654,
                "uid":1000,"euid":1000,"gid":100,"user":"ada","exe":"/usr/bin/curl",
                "exe_sha256":"c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0","comm":"curl",
                "cgroup":"/user.slice/user-1000.slice","boot_id":"b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0",
                "source":"192.0.2.10:40000","destination":"198.51.100.80:443","way_in":"tproxy",
                "observed_at":"2027-01-01T12:00:00Z"},
                "arrival":{"way":"socket","source":"10.91.2.1:41001","destination":"10.91.2.2:7001"},
                "verification":{"result":"verified","links":[
                {"hop":"hop-a","audience":"hop-b","issued_at":"2027-01-01T12:00:00.010Z","ttl_ms":10000,
                "way_in":"tproxy","way_out":"socket","observed_peer":"192.0.2.10:40000",
                "outgoing_source":"10.91.1.1:41000","outgoing_destination":"10.91.1.2:7001","key":"225455f872354575"},
                {"hop":"hop-b","audience":"hop-c","issued_at":"2027-01-01T12:00:00.020Z","ttl_ms":10000,
                "way_in":"socket","way_out":"socket","observed_peer":"10.91.1.1:41000",
                "outgoing_source":"10.91.2.1:41001","outgoing_destination":"10.91.2.2:7001","key":"7aeb550f2d138176"}]},
                "chain":["hop-a","hop-b","hop-c"],"next":"destination","transport":"bsd-socket","bytes_out":100,"bytes_in":2000,
                "setup_ms":2.5,"duration_ms":1500.0}"""));
    }

    @Test
    void allThatCanBeKnownOfAProcess() {
        ProcessIdentity all = new ProcessIdentity(
                Evidence.BRIDGE,
                OperatingSystem.MACOS,
                Optional.of(new ProcessId(-2, -3)),
                Optional.empty(),
                new Code(Optional.of("/usr/bin/curl"), Optional.empty(), Optional.of("curl"))
                        .withFile(new FileId(253, 1, -1), Optional.of(ExecutableState.REPLACED))
                        .withSignature(new AppleSignature(
                                Optional.of("com.apple.curl"),
                                Optional.of("A1B2C3D4E5"),
                                Optional.of(Bytes.ofHex("cd".repeat(20))))),
                new Workload(Optional.empty(), Optional.of("/kubepods"))
                        .withUnit("containerd.service")
                        .withContainer("c0c0", Optional.of(new UUID(1, 2)))
                        .withNamespaces(new Namespaces(OptionalLong.of(4026531840L), OptionalLong.of(4026531836L))),
                new ProcessContext(Optional.of("ada"))
                        .withParent(new ProcessId(1, ProcessId.START_NOT_KNOWN))
                        .withCommandLineHash(Bytes.ofHex("5c".repeat(32)))
                        .withAudit(new Audit(
                                OptionalLong.of(4294967294L),
                                OptionalLong.of(7),
                                Optional.of(Bytes.ofHex("a0".repeat(32))))));

        String text = Json.object(out -> OriginatorJson.identity(out, all));

        assertThat(text).isEqualTo(golden("""
                {"evidence":"bridge","os":"macos","pid":4294967294,"start_time":18446744073709551613,
                "user":"ada","audit_user":4294967294,"audit_session":7,
                "audit_token":"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0","parent_pid":1,
                "command_line_hmac":"5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c",
                "exe":"/usr/bin/curl","exe_state":"replaced","exe_file":"253:1:18446744073709551615","comm":"curl",
                "signing_id":"com.apple.curl","team_id":"A1B2C3D4E5","cdhash":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                "unit":"containerd.service","container":"c0c0","pod":"00000000-0000-0001-0000-000000000002",
                "cgroup":"/kubepods","network_namespace":4026531840,"pid_namespace":4026531836}"""));
        assertThat(JsonTree.parse(text).toJson()).isEqualTo(text);
    }

    /** A process that ended before its start time was read has an unknown start time, not 0. */
    @Test
    void aStartThatIsNotKnownIsNotShown() {
        ProcessIdentity gone = new ProcessIdentity(
                Evidence.KERNEL_CONNECT,
                OperatingSystem.LINUX,
                Optional.of(new ProcessId(4242, ProcessId.START_NOT_KNOWN)),
                Optional.empty(),
                Code.UNKNOWN,
                Workload.UNKNOWN,
                ProcessContext.UNKNOWN);
        assertThat(Json.object(out -> OriginatorJson.identity(out, gone)))
                .isEqualTo("{\"evidence\":\"kernel-connect\",\"os\":\"linux\",\"pid\":4242}");
    }

    @Test
    void unknownFactsAreLeftOut() {
        String line = closed(
                flow(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()),
                new CloseResult(CloseReason.NO_TRUE_SOURCE, "no entry"));

        assertThat(line).isEqualTo(golden("""
                {"time":"2027-01-01T12:00:01.500Z","event":"flow.close","reason":"no-true-source","detail":"no entry",
                "hop":"hop-c","listener":"chain","number":7,"stage":"relaying","chain":["hop-c"],"next":"destination","transport":"bsd-socket",
                "bytes_out":100,"bytes_in":2000,"setup_ms":2.5,"duration_ms":1500.0}"""));
    }

    private static FlowView decided(Decision decision, Optional<NextHop> next) {
        return flow(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(decision), next);
    }

    @Test
    void theRuleThatAFlowHit() {
        NextHop vault = new NextHop.At("hop-v", new InetSocketAddress("192.0.2.9", 7001), HeaderProfile.NORMAL);
        Outcome toVault = new Outcome.Allow(Optional.of("vault"), Optional.of("bulk"));

        assertThat(opened(decided(new Decision(Optional.of("backups"), toVault), Optional.of(vault))))
                .contains(
                        "\"policy\":{\"rule\":\"backups\",\"decision\":\"allow\",\"route\":\"vault\",\"class\":\"bulk\"},"
                                + "\"chain\":[\"hop-c\"],\"next\":\"hop-v\"");
        assertThat(closed(
                        decided(new Decision(Optional.of("no-ada"), new Outcome.Deny()), Optional.empty()),
                        new CloseResult(CloseReason.POLICY_DENIED, "rule no-ada")))
                .contains("\"reason\":\"policy-denied\",\"detail\":\"rule no-ada\"")
                .contains("\"policy\":{\"rule\":\"no-ada\",\"decision\":\"deny\"},\"chain\":[\"hop-c\"],\"bytes_out\"");
        Decision unsure = new Decision(Optional.of("no-ada"), new Outcome.Deny(), Optional.of("user is unknown"));
        assertThat(closed(
                        decided(unsure, Optional.empty()),
                        new CloseResult(CloseReason.POLICY_DENIED, unsure.toString())))
                .contains("\"detail\":\"rule no-ada may match: user is unknown\"")
                .contains("\"policy\":{\"rule\":\"no-ada\",\"decision\":\"deny\",\"not_known\":\"user is unknown\"}");
    }

    @Test
    void withoutAPolicyThereIsNoPolicyMember() {
        assertThat(opened(decided(
                        new Decision(Optional.empty(), Outcome.Allow.PLAIN), Optional.of(new NextHop.Destination()))))
                .doesNotContain("policy");
    }

    @Test
    void anOpenedFlowHasNoReason() {
        assertThat(opened(flow(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty())))
                .startsWith("{\"time\":\"2027-01-01T12:00:01.500Z\",\"event\":\"flow.open\",\"hop\":\"hop-c\"")
                .doesNotContain("reason");
    }

    @Test
    void factsFromTheKernelAreSeparateFromThoseInTheHeader() {
        SocketIdentity owner = new SocketIdentity(
                ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX),
                OptionalInt.of(0x7102),
                OptionalInt.empty());

        String line = opened(flow(Optional.of(arrival(true)), Optional.of(owner), Optional.empty(), Optional.empty()));

        assertThat(line)
                .contains("\"kernel\":{\"evidence\":\"unknown\",\"os\":\"linux\",\"mark\":28930}")
                .doesNotContain("originator");
    }

    @Test
    void aRejectedHeaderHasAReasonAndNoOriginator() {
        Verification no = new Verification.Rejected(RejectReason.BAD_SIGNATURE, 1, "key 00 of \"hop-a\"");
        Verification whole = new Verification.Rejected(RejectReason.UNSIGNED, -1, "nothing");

        assertThat(opened(flow(Optional.empty(), Optional.empty(), Optional.of(no), Optional.empty())))
                .contains("\"verification\":{\"result\":\"rejected\",\"reason\":\"bad-signature\",\"link\":1,"
                        + "\"detail\":\"key 00 of \\\"hop-a\\\"\"}")
                .contains("\"chain\":[\"hop-c\"]")
                .doesNotContain("originator");
        assertThat(opened(flow(Optional.empty(), Optional.empty(), Optional.of(whole), Optional.empty())))
                .contains("\"reason\":\"unsigned\",\"detail\":\"nothing\"")
                .doesNotContain("\"link\"");
    }

    @Test
    void idsWithoutANameAreShownAsTheyAre() throws Exception {
        FlowJson stranger = new FlowJson("hop-x", new IdNames(Trust.NOBODY, "", ""));
        Verification.Verified verified = HeaderFixture.verified();

        String line = opened(
                stranger,
                flow(Optional.empty(), Optional.empty(), Optional.of(verified), Optional.of(verified.originator())));

        assertThat(line).contains("\"chain\":[\"" + HopId.of("hop-a") + "\"").doesNotContain("hop-a", "edge-1");
    }

    @Test
    void aWrittenFlowIsReadBack() throws Exception {
        Verification.Verified verified = HeaderFixture.verified();
        String line = opened(
                flow(Optional.empty(), Optional.empty(), Optional.of(verified), Optional.of(verified.originator())));

        JsonTree tree = JsonTree.parse(line);

        assertThat(tree.toJson()).isEqualTo(line);
        assertThat(tree.object("originator").text("exe")).isEqualTo("/usr/bin/curl");
        assertThat(tree.object("originator").text("nothing")).isEqualTo("-");
        assertThat(tree.object("nothing").has("exe")).isFalse();
        assertThat(tree.texts("chain")).containsExactly("hop-a", "hop-b", "hop-c");
        assertThat(tree.object("verification").list("links")).hasSize(2);
    }
}
