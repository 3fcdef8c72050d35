package dev.throughline.key;

/** A private key of one algorithm. */
sealed interface SignaturePrivateKey permits Ed25519PrivateKey, P256PrivateKey {
    int BYTES = 32;

    /** Returns the signature (64 bytes). Deterministic. */
    byte[] sign(byte[] message);

    /** Returns the private key in 32 bytes. */
    byte[] encoded();

    /** Returns the encoded public key. */
    byte[] publicBytes();
}
