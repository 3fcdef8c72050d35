package dev.throughline.key;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.jspecify.annotations.Nullable;

/** An Ed25519 seed. */
final class Ed25519PrivateKey implements SignaturePrivateKey {
    private final Ed25519PrivateKeyParameters parameters;
    private volatile Ed25519Acceleration.@Nullable Key<java.security.PrivateKey> accelerated;

    Ed25519PrivateKey(Ed25519PrivateKeyParameters parameters) {
        this.parameters = parameters;
    }

    @Override
    public byte[] sign(byte[] message) {
        Ed25519Acceleration acceleration = Ed25519Acceleration.current();
        if (acceleration != null) {
            try {
                return acceleration.sign(key(acceleration), message);
            } catch (GeneralSecurityException e) {
                // Bouncy Castle can sign it.
                return signByBouncyCastle(message);
            }
        }
        return signByBouncyCastle(message);
    }

    private byte[] signByBouncyCastle(byte[] message) {
        byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
        parameters.sign(Ed25519.Algorithm.Ed25519, null, message, 0, message.length, signature, 0);
        return signature;
    }

    private java.security.PrivateKey key(Ed25519Acceleration acceleration) throws GeneralSecurityException {
        Ed25519Acceleration.Key<java.security.PrivateKey> known = accelerated;
        if (known == null || known.owner() != acceleration) {
            byte[] seed = parameters.getEncoded();
            known = acceleration.privateKey(seed);
            Arrays.fill(seed, (byte) 0);
            accelerated = known;
        }
        return known.key();
    }

    @Override
    public byte[] encoded() {
        return parameters.getEncoded();
    }

    @Override
    public byte[] publicBytes() {
        return parameters.generatePublicKey().getEncoded();
    }

    @Override
    public String toString() {
        return "an Ed25519 seed";
    }
}
