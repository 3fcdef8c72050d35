package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import com.google.common.net.InetAddresses;
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
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A flow of curl on the host "laptop" that passes the hops laptop, gateway, border … and arrives at the hop "vault". Keys,
 * clock, salts and addresses are fixed, so a header of this scene has the same bytes everywhere.
 */
final class Scene {
    static final List<String> HOPS =
            List.of("laptop", "gateway", "border", "office", "tower", "harbour", "island", "depot", "attic");
    static final String RECEIVER = "vault";
    static final HostId HOST = HostId.of("laptop");
    static final Instant STARTED = Instant.parse("2027-01-01T11:59:00Z");
    static final Instant OBSERVED = Instant.parse("2027-01-01T12:00:00Z");
    static final Instant NOW = Instant.parse("2027-01-01T12:00:01Z");
    static final Duration SKEW = Duration.ofSeconds(2);
    static final Duration TTL = Duration.ofSeconds(10);
    static final FlowId FLOW = new FlowId(0x0011223344556677L, 0x8899aabbccddeeffL);
    static final Bytes EXECUTABLE_SHA256 = Bytes.ofHex("c0".repeat(32));
    static final Bytes BOOT_ID = Bytes.ofHex("b0".repeat(16));

    /**
     * Keys of hops: the scene's own; "kiosk" may only be an origin, and of another host; "laptop (hop)" is a second key of
     * laptop that may only continue; two more keys of laptop are past and before their time; "laptop (P-256)" and "gateway
     * (P-256)" are of the other algorithm; "gateway (revoked)" is revoked. "stranger" isn't trusted.
     */
    static final String TRUST = line("laptop", "origin=laptop")
            + HOPS.stream().skip(1).map(hop -> line(hop, "hop")).reduce("", String::concat)
            + line(RECEIVER, "hop")
            + line("kiosk", "origin=kiosk")
            + line("laptop (hop)", "hop")
            + line("laptop (past)", "origin=laptop until=2027-01-01T12:00:01Z")
            + line("laptop (future)", "origin=laptop from=2027-01-01T12:00:01.001Z")
            + line("laptop (P-256)", "origin=laptop")
            + line("gateway (P-256)", "hop")
            + line("gateway (revoked)", "hop revoked # its disk was sold");

    /** The secret keys of {@link #TRUST}, so that other implementations can sign the vectors. They have no other use. */
    static final String SECRETS = "# Keys of the vectors, for signing them again. No hop uses them.\n"
            + TRUST.lines()
                    .filter(line -> line.startsWith("# "))
                    .map(line -> line + "\n" + key(line.substring(2)).toSecretText() + "\n")
                    .collect(java.util.stream.Collectors.joining())
            + "# gateway (key line)\n"
            + key("gateway (key line)").toSecretText() + "\n";

    /** A key of gateway that only vectors with a line {@code key:} trust. */
    static final String KEY_BY_LINE = "gateway (key line)";

    private static final Trust TRUSTED = trust(TRUST);

    private Scene() {}

    /** Returns the key with this label; the part before a space is the name of its hop. */
    static PrivateKey key(String label) {
        int blank = label.indexOf(' ');
        try {
            return PrivateKey.generate(
                    blank < 0 ? label : label.substring(0, blank),
                    label.endsWith("(P-256)") ? Algorithm.P256 : Algorithm.ED25519,
                    new FixedRandom("key " + label));
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    static Trust trust() {
        return TRUSTED;
    }

    static Trust trust(String text) {
        try {
            return Trust.parse("scene.trust", text);
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    static InetSocketAddress at(String address, int port) {
        return new InetSocketAddress(InetAddresses.forString(address), port);
    }

    /** Returns the flow: the application's source, and the destination that it requested. */
    static Tuple flow(boolean ipv6) {
        return ipv6
                ? Tuple.tcp(at("2001:db8::10", 40000), at("2001:db8:80::80", 443))
                : Tuple.tcp(at("192.0.2.10", 40000), at("198.51.100.80", 443));
    }

    /** Returns the connection from hop {@code i} to the next one. */
    static Tuple outgoing(int i, boolean ipv6) {
        return ipv6
                ? Tuple.tcp(at("fd00:" + i + "::1", 41000 + i), at("fd00:" + i + "::2", 7000))
                : Tuple.tcp(at("10.0." + i + ".1", 41000 + i), at("10.0." + i + ".2", 7000));
    }

    static Instant issuedAt(int i) {
        return OBSERVED.plusMillis(100L + 10L * i);
    }

    static Originator originator(boolean ipv6) {
        return new Originator(HOST, FLOW, OBSERVED, flow(ipv6), InterceptionMethod.REDIRECT, curl());
    }

    static ProcessIdentity curl() {
        return new ProcessIdentity(
                Evidence.KERNEL_CONNECT,
                OperatingSystem.LINUX,
                Optional.of(new ProcessId(4242, 987654)),
                Optional.of(new Credentials(1000, 1000, 100)),
                new Code(Optional.of("/usr/bin/curl"), Optional.of(EXECUTABLE_SHA256), Optional.of("curl")),
                new Workload(Optional.of(BOOT_ID), Optional.of("/user.slice/user-1000.slice")),
                new ProcessContext(Optional.of("ada")));
    }

    /** Returns the facts that hop {@code i} signs when it forwards the flow to {@code audience}. */
    static LinkDraft draft(int i, String audience, boolean ipv6) {
        return new LinkDraft(
                HopId.of(audience),
                issuedAt(i),
                TTL,
                i == 0 ? InterceptionMethod.REDIRECT : InterceptionMethod.SOCKET,
                InterceptionMethod.SOCKET,
                Optional.of(i == 0 ? flow(ipv6).source() : outgoing(i - 1, ipv6).source()),
                outgoing(i, ipv6));
    }

    /** Returns a chain of {@code hops} links, each signed by {@link Signer} after {@link Verifier} accepted the earlier ones. */
    static Chain chain(int hops, boolean ipv6) {
        Chain chain = null;
        for (int i = 0; i < hops; i++) {
            Signer signer = new Signer(key(HOPS.get(i)), new FixedRandom("salts"));
            LinkDraft draft = draft(i, i == hops - 1 ? RECEIVER : HOPS.get(i + 1), ipv6);
            if (i == 0) {
                chain = signer.sign(signer.originate(originator(ipv6), draft));
            } else {
                Receiver hop = new Receiver()
                        .self(HOPS.get(i))
                        .socket(outgoing(i - 1, ipv6))
                        .now(issuedAt(i))
                        .maxHops(Chain.HARD_HOP_LIMIT);
                chain = signer.sign(signer.append((Verification.Verified) hop.receive(header(chain)), draft));
            }
        }
        return chain;
    }

    /** Returns the header that carries a chain. */
    static Bytes header(Chain chain) {
        return ChainTlv.STANDARD.header(chain).orElseThrow();
    }

    static ReadResult read(byte[] bytes) {
        return new HeaderReader(HeaderLimits.NORMAL).read(bytes, bytes.length);
    }

    static Header complete(byte[] bytes) {
        ReadResult result = read(bytes);
        if (result instanceof ReadResult.Complete complete) {
            return complete.header();
        }
        throw new AssertionError("expected a complete header: " + result);
    }

    /** The receiving hop; tests can change all settings. */
    static final class Receiver {
        private Trust trust = Scene.trust();
        private String self = RECEIVER;
        private Instant started = STARTED;
        private Duration skew = SKEW;
        private int maxHops = VerifierSettings.DEFAULT_MAX_HOPS;
        private ImmutableList<NatException> nat = ImmutableList.of();
        private Tuple socket = outgoing(2, false);
        private Instant now = NOW;
        private ReplayWindow window = new ReplayWindow(1000);
        private VerifiedBatches batches = new VerifiedBatches(1000);
        private KnownDetails details = new KnownDetails(KnownDetails.DEFAULT_CAPACITY);

        Receiver trust(Trust value) {
            trust = value;
            return this;
        }

        Receiver self(String value) {
            self = value;
            return this;
        }

        Receiver started(Instant value) {
            started = value;
            return this;
        }

        Receiver skew(Duration value) {
            skew = value;
            return this;
        }

        Receiver maxHops(int value) {
            maxHops = value;
            return this;
        }

        Receiver nat(NatException... value) {
            nat = ImmutableList.copyOf(value);
            return this;
        }

        Receiver socket(Tuple value) {
            socket = value;
            return this;
        }

        Receiver now(Instant value) {
            now = value;
            return this;
        }

        Receiver window(ReplayWindow value) {
            window = value;
            return this;
        }

        Receiver batches(VerifiedBatches value) {
            batches = value;
            return this;
        }

        Receiver details(KnownDetails value) {
            details = value;
            return this;
        }

        Verification receive(Header header) {
            VerifierSettings settings = new VerifierSettings(HopId.of(self), started, skew, maxHops, nat);
            return new Verifier(settings, trust, ChainTlv.STANDARD, window, batches, details)
                    .verify(header, socket, now);
        }

        Verification receive(byte[] header) {
            return receive(complete(header));
        }

        Verification receive(Bytes header) {
            return receive(header.toByteArray());
        }
    }

    private static String line(String label, String rights) {
        return "# " + label + "\n" + key(label).publicKey().toText() + " " + rights + "\n";
    }
}
