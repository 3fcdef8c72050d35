package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tlv;
import dev.throughline.key.KeyId;
import dev.throughline.key.PrivateKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every vector, read, read in pieces, written back, verified, and verified as a capture. */
class VectorTest {
    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    void hasTheExpectedResult(String name) throws IOException {
        Vector vector = vector(name);
        assertThat(outcome(vector)).isEqualTo(vector.expect() + where(vector));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    void isReadTheSameByteByByte(String name) throws IOException {
        byte[] bytes = vector(name).bytes();
        ReadResult whole = Scene.read(bytes);
        ReadResult result = new ReadResult.NeedMore(0);
        for (int length = 0; length <= bytes.length && result instanceof ReadResult.NeedMore; length++) {
            result = Scene.read(Arrays.copyOf(bytes, length));
        }
        assertThat(result).isEqualTo(whole);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    void isWrittenBackByteByByteIfItWasRead(String name) throws IOException {
        Vector vector = vector(name);
        if (!(Scene.read(vector.bytes()) instanceof ReadResult.Complete complete)) {
            assertThat(vector.expect()).startsWith("header-malformed");
            return;
        }
        Header header = complete.header();
        assertThat(header.raw()).isEqualTo(Bytes.copyOf(vector.bytes()));
        header.tuple()
                .ifPresent(tuple ->
                        assertThat(HeaderWriter.proxy(tuple, header.tlvs())).isEqualTo(header.raw()));
        if (ChainTlv.STANDARD.read(header) instanceof ChainRead.Found found) {
            List<Tlv> ours = header.tlvs().stream()
                    .filter(tlv -> tlv.type() == 0xE5 && tlv.value().toHex().startsWith("4649"))
                    .toList();
            assertThat(ChainTlv.STANDARD.write(found.chain()).orElseThrow()).isEqualTo(ours);
            for (SignedLink link : found.chain().links()) {
                assertThat(link.link().encode()).isEqualTo(link.body());
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("verified")
    void isVerifiedAsACaptureIfItsReceiverVerifiesIt(String name) throws IOException {
        Vector vector = vector(name);
        if (vector.setting("nat").isPresent()) {
            return;
        }
        Header header = Scene.complete(vector.bytes());
        CaptureCheck capture = Verifier.verifyCapture(header, vector.trust(), ChainTlv.STANDARD, Scene.SKEW);
        assertThat(Vector.says(CaptureTest.genuine(capture).originator()))
                .isEqualTo(vector.setting("says").orElseThrow());
    }

    /** Signing is deterministic, so the same keys make the same signatures. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("verified")
    void isSignedAgainAsItIs(String name) throws Exception {
        Map<KeyId, PrivateKey> secrets = new HashMap<>();
        for (String line : Files.readAllLines(Vector.DIRECTORY.resolve("scene.secrets"))) {
            if (!line.startsWith("#")) {
                PrivateKey key = PrivateKey.parse(line);
                secrets.put(key.publicKey().id(), key);
            }
        }
        Header header = Scene.complete(vector(name).bytes());
        Chain chain = ((ChainRead.Found) ChainTlv.STANDARD.read(header)).chain();
        for (int i = 0; i < chain.links().size(); i++) {
            SignedLink link = chain.links().get(i);
            PrivateKey key = secrets.get(link.link().key());
            Bytes root = link.proof().root(chain.digests().get(i));
            byte[] message = Digests.rootMessage(
                    key.publicKey().algorithm(),
                    key.publicKey().id(),
                    link.proof().treeSize(),
                    root);
            assertThat(Bytes.wrap(key.sign(message))).isEqualTo(link.proof().signature());
        }
    }

    @Test
    void everyReasonHasAVector() throws IOException {
        List<String> expectations =
                names().map(VectorTest::vector).map(Vector::expect).toList();
        assertThat(expectations).contains("verified").anyMatch(e -> e.startsWith("malformed"));
        for (RejectReason reason : RejectReason.values()) {
            assertThat(expectations)
                    .contains(reason == RejectReason.MALFORMED ? "verified" : "rejected " + reason.name());
        }
    }

    static Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(Vector.DIRECTORY)) {
            return ImmutableList.sortedCopyOf(
                    files.map(file -> file.getFileName().toString())
                            .filter(file -> file.endsWith(".txt"))
                            .toList())
                    .stream();
        }
    }

    static Stream<String> verified() throws IOException {
        return names().filter(name -> name.startsWith("verified"));
    }

    private static Vector vector(String name) {
        try {
            return Vector.parse(name, Files.readString(Vector.DIRECTORY.resolve(name)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the result in the format of vectors. */
    private static String outcome(Vector vector) {
        return switch (Scene.read(vector.bytes())) {
            case ReadResult.NeedMore more -> "a header of " + more.total() + " bytes";
            case ReadResult.Malformed malformed -> "header-malformed " + malformed.offset();
            case ReadResult.Complete complete -> outcome(vector, complete.header());
        };
    }

    private static String outcome(Vector vector, Header header) {
        return switch (vector.receiver().receive(header)) {
            case Verification.Verified verified -> "verified: " + Vector.says(verified.originator());
            case Verification.Rejected rejected
            when rejected.reason() == RejectReason.MALFORMED ->
                "malformed " + ((ChainRead.Malformed) ChainTlv.STANDARD.read(header)).offset();
            case Verification.Rejected rejected ->
                "rejected " + rejected.reason().name() + " at " + rejected.link();
        };
    }

    private static String where(Vector vector) {
        return vector.setting("says").map(says -> ": " + says).orElse("")
                + vector.setting("link").map(link -> " at " + link).orElse("");
    }
}
