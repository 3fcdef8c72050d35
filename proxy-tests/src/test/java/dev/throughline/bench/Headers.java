package dev.throughline.bench;

import com.google.common.collect.ImmutableList;
import com.google.common.net.InetAddresses;
import dev.throughline.chain.Chain;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.LinkDraft;
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
import dev.throughline.key.Algorithm;
import dev.throughline.key.KeyFormatException;
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
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Headers of curl's flows through the hops a, b, c … to z: all operations of a hop on a header, from the facts to the
 * bytes, and back.
 */
final class Headers {
    private static final List<String> HOPS = List.of("a", "b", "c", "d");
    /** Connections and the next hop's id, which a hop doesn't compute for each flow. */
    private static final List<Tuple> SOCKETS = IntStream.range(0, HOPS.size())
            .mapToObj(hop -> Tuple.tcp(at("10.0." + hop + ".1", 41000), at("10.0." + hop + ".2", 7000)))
            .toList();

    /** A known process: a hop caches all facts about it. */
    private static final ProcessIdentity CURL = curl(4242);

    private static final HopId RECEIVER = HopId.of("z");
    private static final Instant NOW = Instant.parse("2027-01-01T12:00:00Z");

    private final SecureRandom random = new SecureRandom();
    private final List<PrivateKey> keys = new ArrayList<>();
    private final Trust trust;
    private final int links;
    private int flows;

    /** Headers with {@code links} links, 1 to 4, all by keys of one algorithm. */
    Headers(int links, Algorithm algorithm) {
        this.links = links;
        StringBuilder lines = new StringBuilder();
        try {
            for (String hop : HOPS) {
                PrivateKey key = PrivateKey.generate(hop, algorithm, random);
                keys.add(key);
                lines.append(key.publicKey().toText()).append(" origin=host hop\n");
            }
            trust = Trust.parse("trust", lines.toString());
        } catch (KeyFormatException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the keys of all hops. */
    Trust trust() {
        return trust;
    }

    /** Returns the last hop's signer. */
    Signer signer() {
        return new Signer(keys.get(links - 1), random);
    }

    /** Returns a new verifier of the receiver. */
    Verifier verifier() {
        return verifier("z");
    }

    private Verifier verifier(String hop) {
        VerifierSettings settings =
                new VerifierSettings(HopId.of(hop), NOW.minusSeconds(60), Duration.ofSeconds(2), 4, ImmutableList.of());
        return new Verifier(settings, trust, ChainTlv.STANDARD, new ReplayWindow(10_000_000));
    }

    /**
     * Returns the facts of the last hop about {@code count} flows, each of another process or all of one. The hops before it signed
     * them in one batch as well.
     */
    List<Known> known(int count, boolean newProcesses) {
        List<Known> known = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            flows++;
            known.add(new Known(originator(flows, newProcesses ? curl(flows) : CURL), Optional.empty()));
        }
        for (int hop = 0; hop < links - 1; hop++) {
            known = passedOn(hop, known);
        }
        return known;
    }

    /**
     * A flow before it is forwarded.
     *
     * @param received the verified header, on a hop that isn't the first
     */
    record Known(Originator who, Optional<Verification.Verified> received) {}

    private List<Known> passedOn(int hop, List<Known> batch) {
        Signer signer = new Signer(keys.get(hop), random);
        String next = HOPS.get(hop + 1);
        List<Chain> chains = signer.sign(batch.stream()
                .map(flow -> unsigned(signer, flow, hop, HopId.of(next)))
                .toList());
        Verifier verifier = verifier(next);
        List<Known> received = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            Header header =
                    read(ChainTlv.STANDARD.header(chains.get(i)).orElseThrow().toByteArray());
            Verification.Verified verified = (Verification.Verified) verifier.verify(header, socket(hop), NOW);
            received.add(new Known(batch.get(i).who(), Optional.of(verified)));
        }
        return received;
    }

    /** Creates the chain up to the signature. */
    UnsignedChain unsigned(Signer signer, Known known) {
        return unsigned(signer, known, links - 1, RECEIVER);
    }

    private static UnsignedChain unsigned(Signer signer, Known known, int hop, HopId audience) {
        LinkDraft draft = new LinkDraft(
                audience,
                NOW,
                Duration.ofSeconds(10),
                hop == 0 ? InterceptionMethod.TPROXY : InterceptionMethod.SOCKET,
                InterceptionMethod.SOCKET,
                Optional.of(
                        hop == 0
                                ? known.who().tuple().source()
                                : socket(hop - 1).source()),
                socket(hop));
        UnsignedChain chain = known.received().isPresent()
                ? signer.append(known.received().get(), draft)
                : signer.originate(known.who(), draft);
        return ((UnsignedChain.Fit.Fits) chain.fit(HeaderProfile.NORMAL)).chain();
    }

    /** Returns the bytes of the headers of one batch. */
    List<byte[]> signed(Signer signer, List<Known> batch) {
        List<UnsignedChain> unsigned = new ArrayList<>(batch.size());
        for (Known flow : batch) {
            unsigned.add(unsigned(signer, flow));
        }
        List<byte[]> headers = new ArrayList<>(batch.size());
        for (Chain chain : signer.sign(unsigned)) {
            Bytes header = ChainTlv.STANDARD.header(chain).orElseThrow();
            headers.add(header.toByteArray());
        }
        return headers;
    }

    /** Reads and verifies a header as it came from a socket. */
    Verification verified(Verifier verifier, byte[] header) {
        return verifier.verify(read(header), socket(links - 1), NOW);
    }

    private static Header read(byte[] header) {
        return ((ReadResult.Complete) new HeaderReader(HeaderLimits.NORMAL).read(header, header.length)).header();
    }

    private static Tuple socket(int hop) {
        return SOCKETS.get(hop);
    }

    private static ProcessIdentity curl(int pid) {
        return new ProcessIdentity(
                Evidence.KERNEL_CONNECT,
                OperatingSystem.LINUX,
                Optional.of(new ProcessId(pid, 987_654)),
                Optional.of(new Credentials(1000, 1000, 100)),
                new Code(Optional.of("/usr/bin/curl"), Optional.of(Bytes.ofHex("c0".repeat(32))), Optional.of("curl")),
                new Workload(Optional.of(Bytes.ofHex("b0".repeat(16))), Optional.of("/user.slice/user-1000.slice")),
                new ProcessContext(Optional.of("ada")));
    }

    private static Originator originator(int flow, ProcessIdentity who) {
        return new Originator(
                HostId.of("host"),
                new FlowId(1, flow),
                NOW,
                Tuple.tcp(at("192.0.2.10", 1024 + flow % 60_000), at("198.51.100.80", 443)),
                InterceptionMethod.TPROXY,
                who);
    }

    private static InetSocketAddress at(String address, int port) {
        return new InetSocketAddress(InetAddresses.forString(address), port);
    }
}
