package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.budget.Account;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SoleUserTest {
    private static final Account ANN = new Account("host", "ann", "app", "1");
    private static final Account BOB = new Account("host", "bob", "app", "1");
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    @Test
    void oneIsTheOnlyUserUntilAnotherComesAndFiveSecondsAfterwards() {
        SoleUser user = new SoleUser();
        assertThat(user.is(ANN, 0)).isTrue();
        assertThat(user.is(ANN, SECOND)).isTrue();
        assertThat(user.is(BOB, 2 * SECOND)).isFalse();
        assertThat(user.is(ANN, 3 * SECOND)).isFalse();
        assertThat(user.is(ANN, 8 * SECOND - 1)).isFalse();
        assertThat(user.is(ANN, 8 * SECOND)).isTrue();
    }
}
