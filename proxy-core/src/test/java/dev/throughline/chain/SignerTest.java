package dev.throughline.chain;

import static dev.throughline.chain.VerifierAcceptsTest.verified;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.header.Bytes;
import dev.throughline.key.DeviceKey;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.SigningKey;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SignerTest {
    private final Scene.Receiver vault = new Scene.Receiver().socket(Scene.outgoing(0, false));

    @Test
    void receivedBytesAreForwardedUnchangedBeforeTheOwnLink() {
        Chain received = Scene.chain(2, false);
        Chain passedOn = Scene.chain(3, false);
        // The second link's audience differs: in the chain of two it is the receiver.
        String origin = received.encode().part(0, received.origin().size()).toHex();
        assertThat(passedOn.encode().toHex()).startsWith(origin);

        Forge forge = Forge.of(2, false);
        forge.link(1).audience = HopId.of("border");
        forge.core.add(new Forge.Field(0x7F, "a field of a later version", new byte[] {1}));
        Scene.Receiver border = new Scene.Receiver().self("border").socket(Scene.outgoing(1, false));
        Signer signer = new Signer(Scene.key("border"), new FixedRandom(""));
        Chain next =
                signer.sign(signer.append(verified(border.receive(forge.bytes())), Scene.draft(2, "vault", false)));
        assertThat(next.encode().toHex())
                .startsWith(Bytes.copyOf(forge.chain().toByteArray()).toHex());
    }

    /** A signer needs only the interface for signing: the secret key can be in a device. */
    @Test
    void aKeyInADeviceSignsAsOneInAFile() {
        PrivateKey inDevice = Scene.key("laptop (P-256)");
        SigningKey device = DeviceKey.of(inDevice.publicKey(), DeviceKey.Answer.RAW, inDevice::sign);
        Signer signer = new Signer(device, new FixedRandom("salts"));
        Chain chain = signer.sign(signer.originate(Scene.originator(false), Scene.draft(0, "vault", false)));
        assertThat(verified(vault.receive(Scene.header(chain))).signers()).containsExactly(inDevice.publicKey());
    }

    @Test
    void everyDetailHasASaltOfItsOwn() {
        Chain chain = Scene.chain(1, false);
        assertThat(chain.origin().details())
                .extracting(detail -> ((Detail.Open) detail).opening().salt())
                .doesNotHaveDuplicates()
                .allSatisfy(salt -> assertThat(salt.length()).isEqualTo(16));
        Signer signer = new Signer(Scene.key("laptop"), new SecureRandom());
        Chain again = signer.sign(signer.originate(Scene.originator(false), Scene.draft(0, "vault", false)));
        assertThat(again.origin().details().getFirst().commitment())
                .isNotEqualTo(chain.origin().details().getFirst().commitment());
    }

    @Test
    void anEmptyDetailIsNotSent() {
        Originator unknown = with(new Code(Optional.empty(), Optional.empty(), Optional.empty()), "");
        assertThat(originate(unknown).origin().details())
                .extracting(Detail::kind)
                .containsExactly(Detail.Kind.PLACEMENT);
    }

    /** Users choose the names of processes and files: a bad name may be left out, but must not break the flow. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a\nb",
                "\u001b[2J",
                "a\u0000",
                "\u007f",
                "\u0085",
                "a\u202e",
                "a\u200d",
                "a\u00a0",
                "a\ufe0f",
                "a\u3164",
                "a\u2800",
                "a\udb40\udc61",
                "a\ud800",
                "\udc61a"
            })
    void aNameThatCouldForgeALogLineOrAnotherNameIsLeftOutAndTheChainStillVerifies(String name) {
        Originator bad =
                with(new Code(Optional.of(name), Optional.of(Scene.EXECUTABLE_SHA256), Optional.of("curl")), "ada");

        ProcessIdentity who = verified(vault.receive(Scene.header(originate(bad))))
                .originator()
                .identity();

        assertThat(who.code().executable()).isEmpty();
        assertThat(who.code().sha256()).contains(Scene.EXECUTABLE_SHA256);
        assertThat(who.code().command()).contains("curl");
    }

    @Test
    void textOfAnyScriptTravels() {
        Originator originator =
                with(new Code(Optional.of("/opt/größe/日本語/🦊/❤"), Optional.empty(), Optional.empty()), "ada");
        assertThat(verified(vault.receive(Scene.header(originate(originator)))).originator())
                .isEqualTo(originator);
    }

    @Test
    void refusesAProcessBehindAnUnsignedProxyHeader() {
        Originator contradiction = new Originator(
                Scene.HOST,
                Scene.FLOW,
                Scene.OBSERVED,
                Scene.flow(false),
                InterceptionMethod.PROXY_HEADER,
                Scene.curl());

        assertThatThrownBy(() -> originate(contradiction))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("way in proxy-header");
    }

    /** The forge writes the same vectors by hand. */
    @ParameterizedTest
    @ValueSource(strings = {"verified-detail-linux.txt", "verified-detail-macos.txt"})
    void allThatIsKnownOfAProcessTravels(String name) throws IOException {
        Vector vector = Vector.parse(name, Files.readString(Vector.DIRECTORY.resolve(name)));
        Verification.Verified read = verified(vector.receiver().receive(vector.bytes()));
        assertThat(originate(read.originator()).origin().details())
                .extracting(detail -> ((Detail.Open) detail).opening().fields())
                .containsExactlyElementsOf(read.chain().origin().details().stream()
                        .map(detail -> ((Detail.Open) detail).opening().fields())
                        .toList());
    }

    @Test
    void knownFactsAreAddedOneByOne() {
        FileId file = new FileId(253, 1, 4711);
        AppleSignature signature = new AppleSignature(
                Optional.of("com.apple.curl"), Optional.of("A1B2C3D4E5"), Optional.of(Bytes.copyOf(new byte[20])));
        UUID pod = new UUID(1, 2);
        Namespaces namespaces = new Namespaces(OptionalLong.of(4026531840L), OptionalLong.of(4026531836L));
        Audit audit = new Audit(
                OptionalLong.of(1000), OptionalLong.of(0xFFFF_FFFEL), Optional.of(Bytes.copyOf(new byte[32])));
        ProcessIdentity curl = Scene.curl();
        ProcessIdentity all = new ProcessIdentity(
                curl.evidence(),
                curl.system(),
                curl.process(),
                curl.credentials(),
                curl.code()
                        .withFile(file, Optional.of(ExecutableState.REPLACED))
                        .withSignature(signature),
                curl.workload()
                        .withUnit("docker.service")
                        .withContainer("c0", Optional.of(pod))
                        .withNamespaces(namespaces),
                curl.processContext()
                        .withParent(new ProcessId(1, ProcessId.START_NOT_KNOWN))
                        .withCommandLineHash(Scene.EXECUTABLE_SHA256)
                        .withAudit(audit));

        ProcessIdentity who = verified(vault.receive(Scene.header(originate(of(all)))))
                .originator()
                .identity();

        assertThat(who).isEqualTo(all);
        assertThat(who.code().executable()).isEqualTo(curl.code().executable());
        assertThat(who.code().file()).contains(file);
        assertThat(who.code().state()).contains(ExecutableState.REPLACED);
        assertThat(who.code().signature()).isEqualTo(signature);
        assertThat(who.workload().cgroup()).isEqualTo(curl.workload().cgroup());
        assertThat(who.workload().unit()).contains("docker.service");
        assertThat(who.workload().container()).contains("c0");
        assertThat(who.workload().pod()).contains(pod);
        assertThat(who.workload().namespaces()).isEqualTo(namespaces);
        assertThat(who.processContext().userName()).contains("ada");
        assertThat(who.processContext().parent().orElseThrow().knownStart()).isEmpty();
        assertThat(who.processContext().commandLineHash()).contains(Scene.EXECUTABLE_SHA256);
        assertThat(who.processContext().audit()).isEqualTo(audit);
    }

    /** Every receiver would reject it. */
    @Test
    void valuesOfTheWrongSizeAreRefused() {
        Optional<Bytes> odd = Optional.of(Bytes.copyOf(new byte[19]));
        assertThatThrownBy(() -> new Code(Optional.empty(), odd, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new AppleSignature(Optional.empty(), Optional.empty(), odd))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Workload(odd, Optional.empty())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ProcessContext.UNKNOWN.withCommandLineHash(odd.orElseThrow()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Audit(OptionalLong.empty(), OptionalLong.empty(), odd))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Audit(OptionalLong.of(0xFFFF_FFFFL), OptionalLong.empty(), Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Audit(OptionalLong.empty(), OptionalLong.of(-1), Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void fieldsAreWrittenInTheOrderOfTheirTags() {
        Fields.Writer writer = new Fields.Writer().put(2, new byte[0]);
        assertThatThrownBy(() -> writer.put(2, new byte[0])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.put(1, new byte[0])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.put(3, new byte[0x10000])).isInstanceOf(IllegalArgumentException.class);
    }

    private static Originator with(Code code, String user) {
        ProcessIdentity curl = Scene.curl();
        return of(new ProcessIdentity(
                curl.evidence(),
                curl.system(),
                curl.process(),
                curl.credentials(),
                code,
                new Workload(Optional.of(Scene.BOOT_ID), Optional.empty()),
                new ProcessContext(Optional.of(user))));
    }

    private static Originator of(ProcessIdentity who) {
        return new Originator(
                Scene.HOST, Scene.FLOW, Scene.OBSERVED, Scene.flow(false), InterceptionMethod.REDIRECT, who);
    }

    private static Chain originate(Originator originator) {
        Signer signer = new Signer(Scene.key("laptop"), new FixedRandom("salts"));
        return signer.sign(signer.originate(originator, Scene.draft(0, "vault", false)));
    }

    @Test
    void aChainOfEightLinksIsNotContinued() {
        Verification.Verified full = new Verification.Verified(
                Scene.chain(8, false), com.google.common.collect.ImmutableList.of(), Bytes.copyOf(new byte[32]));
        Signer border = new Signer(Scene.key("border"), new FixedRandom(""));
        assertThatThrownBy(() -> border.append(full, Scene.draft(8, "vault", false)))
                .hasMessageContaining("at most 8 links");
    }

    /** A ttl of 6,553.6 seconds or more would overflow 16 bits. */
    @ParameterizedTest
    @ValueSource(longs = {0, 99, 30_001, 6_553_700})
    void aLinkLivesBetweenATenthOfASecondAndThirtySeconds(long millis) {
        LinkDraft draft = Scene.draft(0, "vault", false);
        assertThatThrownBy(() -> new LinkDraft(
                        draft.audience(),
                        draft.issuedAt(),
                        java.time.Duration.ofMillis(millis),
                        draft.ingress(),
                        draft.egress(),
                        draft.observedPeer(),
                        draft.outgoing()))
                .hasMessageContaining("between 100 ms and 30 s");
    }
}
