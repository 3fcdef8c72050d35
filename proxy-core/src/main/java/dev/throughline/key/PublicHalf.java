package dev.throughline.key;

import org.bouncycastle.crypto.params.AsymmetricKeyParameter;

/** A public key of one algorithm, decoded and validated once. There is exactly one of these for each algorithm. */
sealed interface PublicHalf permits Ed25519PublicHalf, P256PublicHalf {
    /** Whether {@code signature} is this key's over {@code message}. */
    boolean verifies(byte[] message, byte[] signature);

    /** For writing it in the forms of other programs. */
    AsymmetricKeyParameter parameters();
}
