package dev.throughline.key;

/**
 * A key that signs for a hop: from a file ({@link PrivateKey}) or in a device that it never leaves ({@link DeviceKey}).
 * Thread-safe.
 */
public interface SigningKey {
    /** {@return the key that verifies its signatures} */
    PublicKey publicKey();

    /**
     * Signs a message.
     *
     * @param message the whole message, not hashed
     * @return 64 bytes, which {@link #publicKey} verifies
     */
    byte[] sign(byte[] message);
}
