package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSortedMap;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.Signer;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.Trust;
import dev.throughline.originator.HopId;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class KeyContextTest {
    private static final Instant SWITCH = Instant.parse("2027-01-02T00:00:00Z");

    private final Signer old = signer();
    private final Signer next = signer();
    private final Verifier verifier = new Verifier(
            new VerifierSettings(HopId.of("hop-a"), Instant.EPOCH, Duration.ZERO, 4, ImmutableList.of()),
            Trust.NOBODY,
            ChainTlv.STANDARD,
            new ReplayWindow(1));

    private static Signer signer() {
        try {
            return new Signer(PrivateKey.generate("hop-a", new SecureRandom()), new SecureRandom());
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theNextSignerTakesOverAtItsInstant() {
        KeyContext authority = new KeyContext(verifier, ImmutableSortedMap.of(Instant.MIN, old, SWITCH, next));
        assertThat(authority.signer(SWITCH.minusMillis(1))).isSameAs(old);
        assertThat(authority.signer(SWITCH)).isSameAs(next);
    }

    @Test
    void whoeverIsFirstAlsoSignsBeforeItsTime() {
        KeyContext authority =
                new KeyContext(verifier, ImmutableSortedMap.of(SWITCH, old, SWITCH.plusSeconds(1), next));
        assertThat(authority.signer(Instant.EPOCH)).isSameAs(old);
        KeyContext always = new KeyContext(verifier, ImmutableSortedMap.of(Instant.MIN, next));
        assertThat(always.signer(Instant.EPOCH)).isSameAs(next);
    }
}
