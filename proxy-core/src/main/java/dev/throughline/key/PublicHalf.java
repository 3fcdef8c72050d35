package dev.throughline.key;

import org.bouncycastle.crypto.params.AsymmetricKeyParameter;

/** A decoded and validated public key of one algorithm. There is exactly one implementation for each algorithm. */
sealed interface PublicHalf permits Ed25519PublicHalf, P256PublicHalf {
    /** Returns whether {@code signature} is this key's over {@code message}. */
    boolean verifies(byte[] message, byte[] signature);

    /** Returns the form from which other formats are written. */
    AsymmetricKeyParameter parameters();
}
