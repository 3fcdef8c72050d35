package dev.throughline.key;

/**
 * What signs for a hop: a key in a file ({@link SecretKey}) or one that never leaves a device ({@link DeviceKey}). Safe for
 * use by several threads.
 */
public interface SigningKey {
    PublicKey publicKey();

    /** The signature (64 bytes) over {@code message}, which {@link #publicKey} verifies. */
    byte[] sign(byte[] message);
}
