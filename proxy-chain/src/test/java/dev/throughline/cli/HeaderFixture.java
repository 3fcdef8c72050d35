package dev.throughline.cli;

import com.google.common.collect.ImmutableList;
import com.google.common.net.InetAddresses;
import dev.throughline.chain.Chain;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.Detail;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.LinkDraft;
import dev.throughline.chain.Opening;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Signer;
import dev.throughline.chain.UnsignedChain;
import dev.throughline.chain.Verification;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.Trust;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The header in the transcripts' files: a flow of curl on edge-1 through hop-a and hop-b, for hop-c. */
public final class HeaderFixture {
    private static final Instant START = Instant.parse("2027-01-01T11:59:00Z");
    private static final Instant SEEN = Instant.parse("2027-01-01T12:00:00Z");

    private HeaderFixture() {}

    /** Returns the header, signed with the fixture keys; always the same bytes. */
    public static Bytes signed() throws Exception {
        Verification.Verified atB = (Verification.Verified)
                verifier("hop-b").verify(header(originated()), outgoing(0), SEEN.plusMillis(20));
        Signer signer = signer("hop-b");
        return bytes(signer.sign(signer.append(atB, draft(1, "hop-c"))));
    }

    /** Returns the header with details that hop-b closed. */
    static Bytes closed() throws Exception {
        Signer signer = signer("hop-b");
        return bytes(signer.sign(closing(signer)));
    }

    /** Returns the openings of these details, as in hop-b's flow log. */
    static List<Opening> openings() throws Exception {
        return closing(signer("hop-b")).closed();
    }

    private static UnsignedChain closing(Signer signer) throws Exception {
        Verification.Verified atB = (Verification.Verified)
                verifier("hop-b").verify(header(originated()), outgoing(0), SEEN.plusMillis(20));
        HeaderProfile profile = HeaderProfile.NORMAL.keepingBack(Set.of(Detail.Kind.PERSON, Detail.Kind.PLACEMENT));
        return ((UnsignedChain.Fit.Fits) signer.append(atB, draft(1, "hop-c")).fit(profile)).chain();
    }

    /** Returns hop-c's verification of the header. */
    public static Verification.Verified verified() throws Exception {
        return (Verification.Verified) verifier("hop-c").verify(header(signed()), outgoing(1), SEEN.plusMillis(30));
    }

    public static Trust trust() throws Exception {
        return Trust.parse("trust", text("trust"));
    }

    static byte[] file(String name) throws IOException {
        try (var in = HeaderFixture.class.getResourceAsStream("/transcripts/files/" + name)) {
            return in.readAllBytes();
        }
    }

    static String text(String name) throws IOException {
        return new String(file(name), StandardCharsets.UTF_8);
    }

    public static Originator originator() {
        ProcessIdentity curl = new ProcessIdentity(
                Evidence.SOCKET_LOOKUP,
                OperatingSystem.LINUX,
                Optional.of(new ProcessId(4242, 987654)),
                Optional.of(new Credentials(1000, 1000, 100)),
                new Code(Optional.of("/usr/bin/curl"), Optional.of(Bytes.ofHex("c0".repeat(32))), Optional.of("curl")),
                new Workload(Optional.of(Bytes.ofHex("b0".repeat(16))), Optional.of("/user.slice/user-1000.slice")),
                new ProcessContext(Optional.of("ada")));
        return new Originator(
                HostId.of("edge-1"),
                new FlowId(0x0011223344556677L, 0x8899aabbccddeeffL),
                SEEN,
                Tuple.tcp(at("192.0.2.10", 40000), at("198.51.100.80", 443)),
                InterceptionMethod.TPROXY,
                curl);
    }

    /** Returns the connection by which hop {@code i} forwarded the flow. */
    public static Tuple outgoing(int i) {
        return Tuple.tcp(at("10.91." + (i + 1) + ".1", 41000 + i), at("10.91." + (i + 1) + ".2", 7001));
    }

    private static Bytes originated() throws Exception {
        Signer signer = signer("hop-a");
        return bytes(signer.sign(signer.originate(originator(), draft(0, "hop-b"))));
    }

    private static LinkDraft draft(int i, String audience) {
        return new LinkDraft(
                HopId.of(audience),
                SEEN.plusMillis(10L * (i + 1)),
                Duration.ofSeconds(10),
                i == 0 ? InterceptionMethod.TPROXY : InterceptionMethod.SOCKET,
                InterceptionMethod.SOCKET,
                Optional.of((i == 0 ? originator().tuple() : outgoing(0)).source()),
                outgoing(i));
    }

    private static Signer signer(String hop) throws Exception {
        return new Signer(PrivateKey.parse(text(hop + ".key")), new FixedSalt());
    }

    private static Verifier verifier(String hop) throws Exception {
        VerifierSettings settings =
                new VerifierSettings(HopId.of(hop), START, Duration.ofSeconds(2), 4, ImmutableList.of());
        return new Verifier(settings, trust(), ChainTlv.STANDARD, new ReplayWindow(10));
    }

    private static Bytes bytes(Chain chain) {
        return ChainTlv.STANDARD.header(chain).orElseThrow();
    }

    private static Header header(Bytes raw) {
        return ((ReadResult.Complete) new HeaderReader(HeaderLimits.NORMAL).read(raw.toByteArray(), raw.length()))
                .header();
    }

    private static InetSocketAddress at(String address, int port) {
        return new InetSocketAddress(InetAddresses.forString(address), port);
    }

    private static final class FixedSalt extends SecureRandom {
        private static final long serialVersionUID = 1L;

        @Override
        public void nextBytes(byte[] bytes) {
            Arrays.fill(bytes, (byte) 0x5a);
        }
    }
}
