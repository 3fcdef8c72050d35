package dev.throughline.key;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.util.OpenSSHPublicKeyUtil;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;

/** Public keys in the formats of other programs. Names and rights are lost: exports are for display, not for trust. */
public final class KeyExport {
    private KeyExport() {}

    /**
     * Returns a SubjectPublicKeyInfo (RFC 5280) in PEM (RFC 7468).
     *
     * @param key the key
     * @return several lines, with a final line feed
     */
    public static String pem(PublicKey key) {
        try {
            byte[] info = SubjectPublicKeyInfoFactory.createSubjectPublicKeyInfo(parameters(key))
                    .getEncoded();
            Base64.Encoder lines = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
            return "-----BEGIN PUBLIC KEY-----\n" + lines.encodeToString(info) + "\n-----END PUBLIC KEY-----\n";
        } catch (IOException e) {
            throw new AssertionError("a valid key can be written", e);
        }
    }

    /**
     * Returns a line for OpenSSH (RFC 4253, section 6.6), with the hop's name as its comment.
     *
     * @param key the key
     * @return one line, with a final line feed
     */
    public static String openSsh(PublicKey key) {
        try {
            String type = key.algorithm() == Algorithm.ED25519 ? "ssh-ed25519" : "ecdsa-sha2-nistp256";
            byte[] blob = OpenSSHPublicKeyUtil.encodePublicKey(parameters(key));
            return type + " " + Base64.getEncoder().encodeToString(blob) + " " + key.hopName() + "\n";
        } catch (IOException e) {
            throw new AssertionError("a valid key can be written", e);
        }
    }

    private static AsymmetricKeyParameter parameters(PublicKey key) {
        return key.half().parameters();
    }
}
