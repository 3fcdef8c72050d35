package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** In these texts "LAPTOP" and "GATEWAY" stand for the texts of public keys. */
class TrustTextTest {
    private static final PublicKey LAPTOP = newKey("laptop");
    private static final PublicKey GATEWAY = newKey("gateway");

    @Test
    void aNewKeyComesLast() throws Exception {
        assertThat(with("", entry("LAPTOP hop"))).isEqualTo("LAPTOP hop\n");
        assertThat(with("# ours\n\nGATEWAY hop", entry("LAPTOP hop"))).isEqualTo("# ours\n\nGATEWAY hop\nLAPTOP hop\n");
    }

    @Test
    void aKnownKeyIsChangedOnItsLineAndKeepsItsComment() throws Exception {
        TrustEntry entry = entry("LAPTOP hop").withWindow(Optional.empty(), Optional.of(Instant.EPOCH));
        assertThat(with("  LAPTOP   hop # ticket 7\n#LAPTOP hop\nGATEWAY hop # ours\n", entry))
                .isEqualTo("LAPTOP hop until=1970-01-01T00:00:00Z # ticket 7\n#LAPTOP hop\nGATEWAY hop # ours\n");
    }

    @Test
    void theReasonOfARevocationComesAheadOfTheComment() throws Exception {
        assertThat(with("LAPTOP hop # ticket 7\n", entry("LAPTOP hop").withRevocation("lost")))
                .isEqualTo("LAPTOP hop revoked # lost; ticket 7\n");
        assertThat(with("LAPTOP hop # ticket 7\n", entry("LAPTOP hop").withRevocation("")))
                .isEqualTo("LAPTOP hop revoked # ticket 7\n");
        assertThat(with("LAPTOP hop revoked # lost\n", entry("LAPTOP hop revoked # lost")))
                .isEqualTo("LAPTOP hop revoked # lost\n");
    }

    private static String with(String text, TrustEntry entry) {
        return new TrustText("trust", filled(text))
                .with(entry)
                .text()
                .replace(LAPTOP.toText(), "LAPTOP")
                .replace(GATEWAY.toText(), "GATEWAY");
    }

    private static TrustEntry entry(String line) throws KeyFormatException {
        return new TrustText("trust", filled(line)).trust().find(LAPTOP.id()).orElseThrow();
    }

    private static String filled(String text) {
        return text.replace("LAPTOP", LAPTOP.toText()).replace("GATEWAY", GATEWAY.toText());
    }

    private static PublicKey newKey(String hop) {
        try {
            return PrivateKey.generate(hop, new SecureRandom()).publicKey();
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }
}
