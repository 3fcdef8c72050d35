package dev.throughline.examples;

import dev.throughline.chain.Chain;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.LinkDraft;
import dev.throughline.chain.Signer;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.header.Tuple;
import dev.throughline.key.PrivateKey;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Optional;

/** Forwards a flow of the host "laptop" to the hop "vault", at a port of this host: connects, and sends its header. */
public final class SignHeader {
    private static final SecureRandom RANDOM = new SecureRandom();

    private SignHeader() {}

    public static void main(String[] args) throws Exception {
        PrivateKey key = PrivateKey.parse(Files.readString(Path.of(args[0])));
        Tuple flow = Tuple.tcp(new InetSocketAddress("192.0.2.10", 40000), new InetSocketAddress("198.51.100.80", 443));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(args[1]))) {
            send(socket, flow, key);
        }
    }

    // @start region="example"
    static void send(Socket socket, Tuple flow, PrivateKey key) throws IOException {
        Instant now = Instant.now();
        FlowId id = new FlowId(RANDOM.nextLong(), RANDOM.nextLong());
        ProcessIdentity who = ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX);
        Originator originator = new Originator(HostId.of("laptop"), id, now, flow, InterceptionMethod.SOCKET, who);
        LinkDraft link = new LinkDraft(
                HopId.of("vault"),
                now,
                VerifierSettings.DEFAULT_TTL,
                InterceptionMethod.SOCKET,
                InterceptionMethod.SOCKET,
                Optional.of(flow.source()),
                ends(socket));
        Signer signer = new Signer(key, RANDOM);
        Chain chain = signer.sign(signer.originate(originator, link));
        byte[] header = ChainTlv.STANDARD.header(chain).orElseThrow().toByteArray();
        socket.getOutputStream().write(header); // then the bytes of the flow
    }
    // @end

    /** Returns the connection from this hop to the next one. */
    private static Tuple ends(Socket socket) {
        return Tuple.tcp((InetSocketAddress) socket.getLocalSocketAddress(), (InetSocketAddress)
                socket.getRemoteSocketAddress());
    }
}
