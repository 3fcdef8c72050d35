package dev.throughline.key;

/**
 * What signs for a hop: a key in a file ({@link PrivateKey}) or one that never leaves a device ({@link DeviceKey}). Safe for
 * use by several threads.
 */
public interface SigningKey {
    /** {@return what others verify with} */
    PublicKey publicKey();

    /**
     * Signs.
     *
     * @param message all of it, not hashed
     * @return 64 bytes, which {@link #publicKey} verifies
     */
    byte[] sign(byte[] message);
}
