package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Exported keys, as read by another program: here the JDK. */
class KeyExportTest {
    @ParameterizedTest
    @CsvSource({"ED25519,EdDSA,Ed25519", "P256,EC,SHA256withECDSAinP1363Format"})
    void thePemVerifiesWhatTheKeySigns(Algorithm algorithm, String family, String signature) throws Exception {
        PrivateKey key = PrivateKey.generate("gateway", algorithm, new SecureRandom());
        String pem = KeyExport.pem(key.publicKey());
        assertThat(pem.lines()).first().isEqualTo("-----BEGIN PUBLIC KEY-----");
        assertThat(pem.lines()).last().isEqualTo("-----END PUBLIC KEY-----");
        byte[] info = Base64.getMimeDecoder().decode(pem.replaceAll("-----.*-----", ""));

        Signature other = Signature.getInstance(signature);
        other.initVerify(KeyFactory.getInstance(family).generatePublic(new X509EncodedKeySpec(info)));
        other.update(new byte[] {1, 2, 3});
        assertThat(other.verify(key.sign(new byte[] {1, 2, 3}))).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"ED25519,ssh-ed25519", "P256,ecdsa-sha2-nistp256"})
    void theLineOfOpenSshHoldsItsTypeAndTheKey(Algorithm algorithm, String type) throws Exception {
        PublicKey key =
                PrivateKey.generate("gateway", algorithm, new SecureRandom()).publicKey();
        String[] words = KeyExport.openSsh(key).strip().split(" ");
        assertThat(words).hasSize(3).startsWith(type).endsWith("gateway");
        ByteBuffer blob = ByteBuffer.wrap(Base64.getDecoder().decode(words[1]));
        assertThat(new String(field(blob), StandardCharsets.US_ASCII)).isEqualTo(type);
        if (algorithm == Algorithm.P256) {
            assertThat(new String(field(blob), StandardCharsets.US_ASCII)).isEqualTo("nistp256");
            assertThat(PublicKey.ofUncompressedP256("gateway", field(blob))).isEqualTo(key);
        } else {
            assertThat(PublicKey.of("gateway", algorithm, field(blob))).isEqualTo(key);
        }
        assertThat(blob.hasRemaining()).isFalse();
    }

    private static byte[] field(ByteBuffer blob) {
        byte[] field = new byte[blob.getInt()];
        blob.get(field);
        return field;
    }
}
