package dev.throughline.examples;

import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Verification;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import dev.throughline.key.Trust;
import dev.throughline.originator.HopId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** Accepts one connection on a port of this host, as the hop "vault", and prints the originator of its flow. */
public final class VerifyHeader {
    private VerifyHeader() {}

    public static void main(String[] args) throws Exception {
        Trust trust = Trust.parse(args[0], Files.readString(Path.of(args[0])));
        try (ServerSocket listener = new ServerSocket(Integer.parseInt(args[1]), 1, InetAddress.getLoopbackAddress())) {
            System.out.println("waiting on port " + listener.getLocalPort());
            System.out.println(receive(listener, verifier("vault", trust)));
        }
    }

    // @start region="example"
    /** Returns a verifier for all connections, so that it recognises replays. */
    static Verifier verifier(String self, Trust trust) {
        VerifierSettings settings = VerifierSettings.of(HopId.of(self), Instant.now());
        return new Verifier(settings, trust, ChainTlv.STANDARD, new ReplayWindow(100_000));
    }

    static String receive(ServerSocket listener, Verifier verifier) throws IOException {
        try (Socket socket = listener.accept()) {
            if (!(ReadHeader.from(socket.getInputStream()) instanceof ReadResult.Complete complete)) {
                return "no header";
            }
            return switch (verifier.verify(complete.header(), ends(socket), Instant.now())) {
                case Verification.Verified it -> "verified: " + it.originator().tuple();
                case Verification.Rejected no -> "rejected: " + no.reason() + ", " + no.detail();
            };
        }
    }
    // @end

    /** Returns the connection from the previous hop to this one. */
    private static Tuple ends(Socket socket) {
        return Tuple.tcp((InetSocketAddress) socket.getRemoteSocketAddress(), (InetSocketAddress)
                socket.getLocalSocketAddress());
    }
}
