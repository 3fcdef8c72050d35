package dev.throughline.key;

import static com.google.common.base.Preconditions.checkArgument;

import java.nio.charset.StandardCharsets;

/**
 * A key whose secret stays in a device: an HSM, a TPM, a Secure Enclave, another process. Its answers become signatures as
 * they travel. Each is verified before it leaves: a device that signs with another key would be noticed only at the next
 * hop, and a faulty signature can give a key away.
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

    /** What holds the secret. Safe for use by several threads. */
    public interface Device {
        /**
         * Signs: by Ed25519, or by ECDSA over the message's SHA-256.
         *
         * @param message all of it, not hashed
         * @return the signature, in the form of its {@link Answer}
         */
        byte[] sign(byte[] message);
    }

    /** How a device writes a signature. */
    public enum Answer {
        /** 64 bytes: as RFC 8032 has it, or r and s (TPM 2.0, PKCS #11). */
        RAW,
        /** ASN.1, of ECDSA alone (Secure Enclave, PIV). */
        DER
    }

    /**
     * The key whose secret a device holds; the device signs once, on trial.
     *
     * @param publicKey what the device's signatures are verified with
     * @param answer how it writes them
     * @param device what holds the secret
     * @return the key
     * @throws IllegalArgumentException if the algorithm has no such answers
     * @throws IllegalStateException if what the device signs on trial doesn't verify
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
            signature = asItTravels(device.sign(message));
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("the device of " + publicKey + " answered what is no signature", e);
        }
        if (!publicKey.verifies(message, signature)) {
            throw new IllegalStateException("the device of " + publicKey + " signed what its key doesn't verify");
        }
        return signature;
    }

    /** Devices draw either value of s; the lower one travels. */
    private byte[] asItTravels(byte[] signature) {
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
