package dev.throughline.key;

import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/** An Ed25519 seed. */
record Ed25519PrivateKey(Ed25519PrivateKeyParameters parameters) implements SignaturePrivateKey {
    @Override
    public byte[] sign(byte[] message) {
        byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
        parameters.sign(Ed25519.Algorithm.Ed25519, null, message, 0, message.length, signature, 0);
        return signature;
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
