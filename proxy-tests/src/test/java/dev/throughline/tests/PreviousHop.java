package dev.throughline.tests;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.Chain;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.LinkDraft;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Signer;
import dev.throughline.chain.Verification;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.Trust;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A hop that a test emulates: it signs headers for connections that the test opened itself.
 *
 * @param audience the hop that it speaks to
 */
record PreviousHop(PrivateKey key, String audience) {
    /** Returns the header of a first hop for {@code flow}, on {@code connection}. */
    byte[] header(Tuple flow, End connection) {
        return header(flow, socket(connection), Instant.now());
    }

    byte[] header(Tuple flow, Tuple socket, Instant issuedAt) {
        return bytes(begin(flow, socket, issuedAt));
    }

    /** Returns the header of {@code second}, which continues a chain that this hop began. */
    byte[] continued(PreviousHop second, Trust trust, Tuple flow, Tuple between, End connection) {
        byte[] first = header(flow, between, Instant.now());
        ReadResult.Complete read =
                (ReadResult.Complete) new HeaderReader(HeaderLimits.NORMAL).read(first, first.length);
        VerifierSettings settings = new VerifierSettings(
                second.key.publicKey().hop(),
                Instant.EPOCH,
                VerifierSettings.DEFAULT_SKEW,
                VerifierSettings.DEFAULT_MAX_HOPS,
                ImmutableList.of());
        Header header = read.header();
        Verification.Verified verified =
                (Verification.Verified) new Verifier(settings, trust, ChainTlv.STANDARD, new ReplayWindow(10))
                        .verify(header, between, Instant.now());
        LinkDraft draft = second.draft(between, socket(connection), Instant.now());
        Signer signer = new Signer(second.key, new SecureRandom());
        return bytes(signer.sign(signer.append(verified, draft)));
    }

    static Tuple socket(End connection) {
        return Tuple.tcp(connection.local(), connection.remote());
    }

    private Chain begin(Tuple flow, Tuple socket, Instant issuedAt) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        Originator who = new Originator(
                HostId.of(Hops.HOST),
                new FlowId(random.nextLong(), random.nextLong()),
                Instant.ofEpochMilli(issuedAt.toEpochMilli()),
                flow,
                InterceptionMethod.SOCKET,
                ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX));
        Signer signer = new Signer(key, new SecureRandom());
        return signer.sign(signer.originate(who, draft(flow, socket, issuedAt)));
    }

    private LinkDraft draft(Tuple camein, Tuple socket, Instant issuedAt) {
        return new LinkDraft(
                HopId.of(audience),
                Instant.ofEpochMilli(issuedAt.toEpochMilli()),
                // So that no header expires while a hop restarts on a busy machine.
                VerifierSettings.MAX_TTL,
                InterceptionMethod.SOCKET,
                InterceptionMethod.SOCKET,
                Optional.of(camein.source()),
                socket);
    }

    private static byte[] bytes(Chain chain) {
        return ChainTlv.STANDARD.header(chain).orElseThrow().toByteArray();
    }
}
