package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A device, emulated by the JDK: its secret never leaves it, its signatures are random and have either value of s. */
class DeviceKeyTest {
    private final KeyPair inside = newPair();

    private static KeyPair newPair() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private byte[] signInside(DeviceKey.Answer answer, byte[] message) {
        try {
            Signature signature = Signature.getInstance(
                    answer == DeviceKey.Answer.DER ? "SHA256withECDSA" : "SHA256withECDSAinP1363Format");
            signature.initSign(inside.getPrivate());
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns the public key in the form of the device: 04, x and y. */
    private PublicKey publicKey() throws KeyFormatException {
        ECPublicKey key = (ECPublicKey) inside.getPublic();
        String point =
                "04%064x%064x".formatted(key.getW().getAffineX(), key.getW().getAffineY());
        return PublicKey.ofUncompressedP256("gateway", HexFormat.of().parseHex(point));
    }

    @ParameterizedTest
    @EnumSource
    void itsAnswersBecomeSignaturesAsTheyTravel(DeviceKey.Answer answer) throws Exception {
        PublicKey publicKey = publicKey();
        Set<Boolean> answeredLow = new HashSet<>();
        SigningKey key = DeviceKey.of(publicKey, answer, message -> {
            byte[] signature = signInside(answer, message);
            P256Signature numbers =
                    answer == DeviceKey.Answer.DER ? P256Signature.ofDer(signature) : P256Signature.ofRaw(signature);
            answeredLow.add(numbers.hasLowS());
            return signature;
        });

        for (int i = 0; i < 64; i++) {
            byte[] message = {(byte) i};
            assertThat(publicKey.verifies(message, key.sign(message))).isTrue();
        }
        assertThat(answeredLow).as("both values of s occurred").hasSize(2);
        assertThat(key.publicKey()).isEqualTo(publicKey);
        assertThat(key).hasToString("device key of " + publicKey.toText());
    }

    @Test
    void anEd25519DeviceAnswersAsItTravels() throws Exception {
        PrivateKey inDevice = PrivateKey.generate("gateway", new SecureRandom());
        SigningKey key = DeviceKey.of(inDevice.publicKey(), DeviceKey.Answer.RAW, inDevice::sign);
        assertThat(key.sign(new byte[3])).isEqualTo(inDevice.sign(new byte[3]));
        assertThatThrownBy(() -> DeviceKey.of(inDevice.publicKey(), DeviceKey.Answer.DER, inDevice::sign))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no DER form");
    }

    @Test
    void aDeviceOfAnotherKeyIsNoticedBeforeItIsUsed() throws Exception {
        PublicKey other = PrivateKey.generate("gateway", Algorithm.P256, new SecureRandom())
                .publicKey();
        assertThatThrownBy(() -> DeviceKey.of(other, DeviceKey.Answer.DER, m -> signInside(DeviceKey.Answer.DER, m)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("signed with another key");
    }

    @Test
    void aFaultySignatureNeverLeaves() throws Exception {
        boolean[] faulty = {false};
        SigningKey key = DeviceKey.of(publicKey(), DeviceKey.Answer.RAW, message -> {
            byte[] signature = signInside(DeviceKey.Answer.RAW, message);
            signature[5] ^= (byte) (faulty[0] ? 1 : 0);
            return signature;
        });
        faulty[0] = true;
        assertThatThrownBy(() -> key.sign(new byte[1])).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void malformedSignaturesAreRejected() throws Exception {
        byte[] der = signInside(DeviceKey.Answer.DER, new byte[1]);
        byte[] longer = Arrays.copyOf(der, der.length + 1);
        for (byte[] answer : new byte[][] {{}, new byte[64], Arrays.copyOf(der, 20), longer}) {
            for (DeviceKey.Answer form : DeviceKey.Answer.values()) {
                assertThatThrownBy(() -> DeviceKey.of(publicKey(), form, message -> answer))
                        .isInstanceOf(IllegalStateException.class);
            }
        }
    }
}
