package dev.throughline.key;

import static com.google.common.base.Preconditions.checkArgument;

import java.nio.charset.StandardCharsets;

/**
 * A key whose private half stays in a device: an HSM, a TPM, a Secure Enclave, another process. Its signatures are converted to
 * the form on the wire and verified before they are used: otherwise only the next hop would notice a device with the wrong key,
 * and a faulty signature can reveal the private key.
 */
public final class DeviceKey implements SigningKey {
    private static final byte[] TRIAL = "throughline/device-key/v1\0".getBytes(StandardCharsets.US_ASCII);

    private final PublicKey publicKey;
    private final Answer answer;
    private final Device device;

    private DeviceKey(PublicKey publicKey, Answer answer, Device device) {
        this.publicKey = publicKey;
        this.answer = answer;
        this.device = device;
    }

    /** A device that holds the private key. Must be thread-safe. */
    public interface Device {
        /**
         * Signs a message: with Ed25519, or with ECDSA over the message's SHA-256.
         *
         * @param message the whole message, not hashed
         * @return the signature, in the form of its {@link Answer}
         */
        byte[] sign(byte[] message);
    }

    /** The encoding of a device's signatures. */
    public enum Answer {
        /** 64 bytes: as in RFC 8032, or r and s (TPM 2.0, PKCS #11). */
        RAW,
        /** ASN.1 DER, only for ECDSA (Secure Enclave, PIV). */
        DER
    }

    /**
     * Returns the key of a device, after a trial signature.
     *
     * @param publicKey verifies the device's signatures
     * @param answer encoding of its signatures
     * @param device holds the private key
     * @return the key
     * @throws IllegalArgumentException if the algorithm has no such encoding
     * @throws IllegalStateException if the trial signature is invalid
     */
    public static DeviceKey of(PublicKey publicKey, Answer answer, Device device) {
        checkArgument(
                answer == Answer.RAW || publicKey.algorithm() == Algorithm.P256,
                "an Ed25519 signature has no DER form");
        DeviceKey key = new DeviceKey(publicKey, answer, device);
        key.sign(TRIAL);
        return key;
    }

    @Override
    public PublicKey publicKey() {
        return publicKey;
    }

    /** @throws IllegalStateException if the device's answer isn't this key's signature */
    @Override
    public byte[] sign(byte[] message) {
        byte[] signature;
        try {
            signature = normalized(device.sign(message));
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("the device of " + publicKey + " returned no valid signature", e);
        }
        if (!publicKey.verifies(message, signature)) {
            throw new IllegalStateException("the device of " + publicKey + " signed with another key");
        }
        return signature;
    }

    /** Devices return either value of s; only the lower one is valid on the wire. */
    private byte[] normalized(byte[] signature) {
        if (publicKey.algorithm() == Algorithm.ED25519) {
            return signature;
        }
        P256Signature numbers = answer == Answer.DER ? P256Signature.ofDer(signature) : P256Signature.ofRaw(signature);
        return numbers.lowS().toBytes();
    }

    @Override
    public String toString() {
        return "device key of " + publicKey;
    }
}
