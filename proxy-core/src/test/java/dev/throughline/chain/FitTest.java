package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableSet;
import dev.throughline.header.Bytes;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A header fits the limit of its next hop and hides the configured details, or it isn't sent. */
class FitTest {
    private final Signer laptop = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
    private final Scene.Receiver vault = new Scene.Receiver().socket(Scene.outgoing(0, false));

    /** Returns a flow whose details have 16 bytes of salt and this many more bytes. */
    private UnsignedChain chain(int code, int workload, int processContext) {
        ProcessIdentity curl = Scene.curl();
        ProcessIdentity who = new ProcessIdentity(
                curl.evidence(),
                curl.system(),
                curl.process(),
                curl.credentials(),
                new Code(Optional.of("c".repeat(code - 3)), Optional.empty(), Optional.empty()),
                new Workload(Optional.empty(), Optional.of("p".repeat(workload - 3))),
                new ProcessContext(Optional.of("u".repeat(processContext - 3))));
        Originator one = Scene.originator(false);
        Originator originator = new Originator(one.host(), one.flow(), one.observedAt(), one.tuple(), one.wayIn(), who);
        return laptop.originate(originator, Scene.draft(0, "vault", false));
    }

    private static HeaderProfile atMost(int bytes) {
        return new HeaderProfile(bytes, ImmutableSet.of());
    }

    private static UnsignedChain fits(UnsignedChain chain, HeaderProfile profile) {
        return ((UnsignedChain.Fit.Fits) chain.fit(profile)).chain();
    }

    private int size(UnsignedChain chain) {
        return Scene.header(laptop.sign(chain)).length();
    }

    private static List<Detail.Kind> closed(UnsignedChain chain) {
        return chain.closed().stream().map(Opening::kind).toList();
    }

    @Test
    void aHeaderThatFitsIsSentWhole() {
        UnsignedChain chain = chain(40, 60, 50);
        assertThat(closed(fits(chain, atMost(size(chain))))).isEmpty();
    }

    /** If one more fragment is needed, a digest takes more bytes than its own. */
    @Test
    void theTreeIsTheLargestInWhichTheHeaderFits() {
        for (int code = 300; code < 400; code += 9) {
            UnsignedChain chain = chain(code, 200, 200);
            List<Integer> bytes = new ArrayList<>();
            for (int siblings = 0; siblings <= 4; siblings++) {
                bytes.add(sizeInTree(chain, 1 << siblings));
            }
            for (int most = bytes.getFirst(); most <= bytes.getLast(); most++) {
                int space = most;
                long siblings = bytes.stream().filter(needed -> needed <= space).count() - 1;
                assertThat(fits(chain, atMost(most)).largestTree()).isEqualTo(1 << siblings);
            }
        }
        assertThat(fits(chain(40, 60, 50), HeaderProfile.NORMAL).largestTree()).isEqualTo(0xFFFF);
    }

    private int sizeInTree(UnsignedChain chain, int leaves) {
        List<UnsignedChain> batch = new ArrayList<>(List.of(chain));
        while (batch.size() < leaves) {
            batch.add(chain(40, 60, 50));
        }
        return Scene.header(laptop.sign(batch).getFirst()).length();
    }

    /** The links of earlier hops count too. */
    @Test
    void aLaterHopsHeaderHasTheComputedLength() {
        Verification.Verified received = verified(new Scene.Receiver()
                .socket(Scene.outgoing(1, false))
                .receive(Forge.of(2, false).bytes()));
        Signer signer = new Signer(Scene.key("vault"), new FixedRandom("salts"));
        UnsignedChain chain = signer.append(received, Scene.draft(2, "attic", false));
        int size = Scene.header(signer.sign(chain)).length();
        assertThat(closed(fits(chain, atMost(size)))).isEmpty();
        assertThat(closed(fits(chain, atMost(size - 1)))).isNotEmpty();
    }

    /** The order is placement, person, code. */
    @Test
    void detailsAreClosedInOneOrderAndNoMoreThanIsNeeded() {
        UnsignedChain chain = chain(40, 60, 50);
        int all = size(chain);
        int withoutPlacement = all - (16 + 60 - 32);
        int withoutPerson = withoutPlacement - (16 + 50 - 32);
        int without = withoutPerson - (16 + 40 - 32);

        assertThat(closed(fits(chain, atMost(all - 1)))).containsExactly(Detail.Kind.PLACEMENT);
        assertThat(closed(fits(chain, atMost(withoutPlacement)))).containsExactly(Detail.Kind.PLACEMENT);
        assertThat(closed(fits(chain, atMost(withoutPlacement - 1))))
                .containsExactly(Detail.Kind.PLACEMENT, Detail.Kind.PERSON);
        assertThat(closed(fits(chain, atMost(withoutPerson - 1)))).containsExactlyElementsOf(Detail.Kind.CLOSING_ORDER);
        assertThat(size(fits(chain, atMost(without)))).isEqualTo(without);
        assertThat(chain.fit(atMost(without - 1))).isEqualTo(new UnsignedChain.Fit.TooLarge(without));
    }

    /** All facts about a process on Linux, at three hops; in a pod, names of cgroups are long. */
    @Test
    void legacyHeadersFitAProcessAndAllButThePlacementOfOneInAPod() {
        String id = "c0".repeat(32);
        String pod = "a1b2c3d4-0001-0002-0003-a1b2c3d4e5f6";
        String unit = "cri-containerd-" + id + ".scope";
        String slice =
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + pod.replace('-', '_') + ".slice/";
        Workload inPod = new Workload(Optional.of(Scene.BOOT_ID), Optional.of(slice + unit))
                .withUnit(unit)
                .withContainer(id, Optional.of(UUID.fromString(pod)));
        Workload service = new Workload(Optional.of(Scene.BOOT_ID), Optional.of("/system.slice/nginx.service"))
                .withUnit("nginx.service");

        assertThat(closedAtTheThirdHop(service)).isEmpty();
        assertThat(closedAtTheThirdHop(inPod)).containsExactly(Detail.Kind.PLACEMENT);
    }

    private static List<Detail.Kind> closedAtTheThirdHop(Workload workload) {
        ProcessIdentity curl = Scene.curl();
        ProcessIdentity who = new ProcessIdentity(
                curl.evidence(),
                curl.system(),
                curl.process(),
                curl.credentials(),
                curl.code().withFile(new FileId(253, 1, 4711), Optional.of(ExecutableState.REPLACED)),
                workload.withNamespaces(new Namespaces(OptionalLong.of(4026531840L), OptionalLong.of(4026531836L))),
                curl.processContext()
                        .withParent(new ProcessId(4240, 1024))
                        .withCommandLineHash(Scene.EXECUTABLE_SHA256)
                        .withAudit(new Audit(OptionalLong.of(1000), OptionalLong.of(7), Optional.empty())));
        Originator one = Scene.originator(false);
        Signer first = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
        Chain chain = first.sign(first.originate(
                new Originator(one.host(), one.flow(), one.observedAt(), one.tuple(), one.wayIn(), who),
                Scene.draft(0, "gateway", false)));
        Signer second = new Signer(Scene.key("gateway"), new FixedRandom("salts"));
        chain = second.sign(second.append(received(chain, "gateway", 0), Scene.draft(1, "border", false)));
        Signer third = new Signer(Scene.key("border"), new FixedRandom("salts"));
        return closed(
                fits(third.append(received(chain, "border", 1), Scene.draft(2, "vault", false)), HeaderProfile.LEGACY));
    }

    private static Verification.Verified received(Chain chain, String hop, int connection) {
        return verified(new Scene.Receiver()
                .self(hop)
                .socket(Scene.outgoing(connection, false))
                .receive(Scene.header(chain)));
    }

    @Test
    void aDetailShorterThanItsCommitmentStaysOpen() {
        UnsignedChain chain = chain(40, 16, 17);
        assertThat(closed(fits(chain, atMost(size(chain) - 1)))).containsExactly(Detail.Kind.PERSON);
    }

    @Test
    void theReceiverVerifiesWhatFitsAndSeesTheRest() {
        UnsignedChain chain = chain(40, 60, 50);
        UnsignedChain smaller = fits(chain, atMost(size(chain) - 1));
        Originator who =
                verified(vault.receive(Scene.header(laptop.sign(smaller)))).originator();
        assertThat(who.identity().workload()).isEqualTo(Workload.UNKNOWN);
        assertThat(who.identity().code().executable()).contains("c".repeat(37));
        assertThat(who.identity().process()).isEqualTo(Scene.curl().process());
    }

    /** Closing changes no digest: chains with closed and with open details share one tree. */
    @ParameterizedTest
    @EnumSource(Detail.Kind.class)
    void hiddenDetailsAreClosedEvenIfTheHeaderFits(Detail.Kind kind) {
        HeaderProfile profile = HeaderProfile.NORMAL.keepingBack(EnumSet.of(kind));
        UnsignedChain whole = chain(40, 60, 50);
        UnsignedChain kept = fits(whole, profile);

        List<Chain> signed = laptop.sign(List.of(whole, kept));

        assertThat(signed.get(0).last().proof().signature())
                .isEqualTo(signed.get(1).last().proof().signature());
        assertThat(closed(kept)).containsExactly(kind);
        Bytes secret = kept.closed().getFirst().fields();
        assertThat(Scene.header(signed.get(0)).toHex()).contains(secret.toHex());
        assertThat(Scene.header(signed.get(1)).toHex()).doesNotContain(secret.toHex());
        Verification.Verified verified = verified(vault.receive(Scene.header(signed.get(1))));
        assertThat(verified.originator().identity().code().equals(Code.UNKNOWN)).isEqualTo(kind == Detail.Kind.CODE);
        assertThat(verified.originator().identity().processContext().equals(ProcessContext.UNKNOWN))
                .isEqualTo(kind == Detail.Kind.PERSON);
    }

    /** A hop that got a closed detail can't open it. */
    @Test
    void aLaterHopClosesWhatItReceivedOpen() {
        Scene.Receiver gateway = new Scene.Receiver().self("gateway").socket(Scene.outgoing(0, false));
        Signer laptopToGateway = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
        Verification.Verified atGateway = verified(gateway.receive(Scene.header(laptopToGateway.sign(
                laptopToGateway.originate(Scene.originator(false), Scene.draft(0, "gateway", false))))));
        Signer signer = new Signer(Scene.key("gateway"), new FixedRandom(""));
        HeaderProfile profile = HeaderProfile.NORMAL.keepingBack(Set.of(Detail.Kind.PERSON, Detail.Kind.CODE));
        UnsignedChain chain = fits(signer.append(atGateway, Scene.draft(1, "vault", false)), profile);

        Originator atVault = verified(
                        new Scene.Receiver().socket(Scene.outgoing(1, false)).receive(Scene.header(signer.sign(chain))))
                .originator();

        assertThat(atVault.identity().processContext()).isEqualTo(ProcessContext.UNKNOWN);
        assertThat(atVault.identity().code()).isEqualTo(Code.UNKNOWN);
        assertThat(atVault.identity().workload()).isEqualTo(Scene.curl().workload());
    }

    @Test
    void anOpeningProvesLaterWhatWasClosed() {
        HeaderProfile profile = HeaderProfile.NORMAL.keepingBack(EnumSet.allOf(Detail.Kind.class));
        UnsignedChain chain = fits(chain(40, 60, 50), profile);
        Chain sent = laptop.sign(chain);
        List<Opening> kept = chain.closed().stream()
                .map(opening -> Opening.parse(opening.toText()))
                .toList();

        assertThat(sent.reopen(kept).origin().details()).allMatch(Detail.Open.class::isInstance);
        assertThat(sent.reopen(kept).origin().digest()).isEqualTo(sent.origin().digest());
        assertThat(sent.reopen(kept.subList(0, 1)).origin().details())
                .filteredOn(Detail.Open.class::isInstance)
                .extracting(Detail::kind)
                .containsExactly(kept.getFirst().kind());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "THROUGHLINE-OPENING-1+person",
                "THROUGHLINE-OPENING-2+person+AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "THROUGHLINE-OPENING-1+nobody+AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "THROUGHLINE-OPENING-1+person+AAAA",
                "THROUGHLINE-OPENING-1+person+AAAAAAAAAAAAAAAAAAAAAA==",
                "THROUGHLINE-OPENING-1+person+?"
            })
    void malformedOpeningsAreReported(String text) {
        assertThatThrownBy(() -> Opening.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void flowsOfOneProcessShareTheirSaltsAndOthersDoNot() {
        Opening first = fits(chain(40, 60, 50), HeaderProfile.NORMAL.keepingBack(EnumSet.of(Detail.Kind.PERSON)))
                .closed()
                .getFirst();
        Opening again = fits(chain(40, 60, 50), HeaderProfile.NORMAL.keepingBack(EnumSet.of(Detail.Kind.PERSON)))
                .closed()
                .getFirst();
        Opening other = fits(chain(41, 60, 50), HeaderProfile.NORMAL.keepingBack(EnumSet.of(Detail.Kind.PERSON)))
                .closed()
                .getFirst();
        assertThat(again.salt()).isEqualTo(first.salt());
        assertThat(other.salt()).isNotEqualTo(first.salt());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 255, 4097, 65535})
    void aProfileTakesBetween256And4096Bytes(int bytes) {
        assertThatThrownBy(() -> atMost(bytes)).isInstanceOf(IllegalArgumentException.class);
    }
}
