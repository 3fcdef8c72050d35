package dev.throughline.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Accounts that differ in one name are different: in order, in equality and in a map, although hashes may be the same. */
class AccountTest {
    private static final List<Account> CLAIMANTS = List.of(
            new Account("edge-1", "0", "/bin/a", "1@1"),
            new Account("edge-1", "0", "/bin/b", "1@1"),
            new Account("edge-1", "1", "/bin/a", "1@1"),
            new Account("edge-1", "0", "/bin/a", "2@1"),
            new Account("edge-2", "0", "/bin/a", "1@1"));

    @Test
    void theOrderIsThatOfEquality() {
        for (Account one : CLAIMANTS) {
            for (Account other : CLAIMANTS) {
                assertThat(one.compareTo(other) == 0).isEqualTo(one.equals(other));
                assertThat(Integer.signum(one.compareTo(other))).isEqualTo(-Integer.signum(other.compareTo(one)));
            }
        }
        assertThat(CLAIMANTS).isSorted();
    }

    @Test
    void eachIsFoundAmongThoseWithItsHash() {
        Map<Account, Account> all =
                CLAIMANTS.stream().collect(Collectors.toMap(Function.identity(), Function.identity()));

        assertThat(CLAIMANTS.get(1)).hasSameHashCodeAs(CLAIMANTS.get(0));
        assertThat(CLAIMANTS).allSatisfy(who -> assertThat(all).containsEntry(who, who));
    }
}
