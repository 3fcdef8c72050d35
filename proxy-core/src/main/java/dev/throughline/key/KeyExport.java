package dev.throughline.key;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.util.OpenSSHPublicKeyUtil;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;

/** Public keys in the forms of other programs. Their names and rights are lost there: they are for looking, not for trust. */
public final class KeyExport {
    private KeyExport() {}

    /**
     * A SubjectPublicKeyInfo (RFC 5280) in PEM (RFC 7468).
     *
     * @param key any
     * @return lines, the last one ended
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
     * A line of OpenSSH (RFC 4253, section 6.6), with the hop's name as its comment.
     *
     * @param key any
     * @return one line, ended
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
