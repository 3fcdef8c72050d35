package dev.throughline.key;

/** A secret key of one algorithm. */
sealed interface SignaturePrivateKey permits Ed25519PrivateKey, P256PrivateKey {
    int BYTES = 32;

    /** The signature (64 bytes), the same each time for the same message. */
    byte[] sign(byte[] message);

    /** Its 32 bytes: a secret. */
    byte[] encoded();

    /** The encoded public key that belongs to it. */
    byte[] publicBytes();
}
