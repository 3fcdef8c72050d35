package dev.throughline.originator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The codes and ids in headers; SpecTest compares their tables in SPEC.md with these types. */
class CodesTest {
    @Test
    void everyCodeLeadsBackToItsValueAndNoOtherLeadsAnywhere() {
        for (int code = 0; code < 256; code++) {
            int wanted = code;
            assertThat(Evidence.ofCode(code).map(Evidence::code).orElse(wanted)).isEqualTo(code);
            assertThat(InterceptionMethod.ofCode(code)
                            .map(InterceptionMethod::code)
                            .orElse(wanted))
                    .isEqualTo(code);
            assertThat(OperatingSystem.ofCode(code).map(OperatingSystem::code).orElse(wanted))
                    .isEqualTo(code);
            assertThat(ExecutableState.ofCode(code).map(ExecutableState::code).orElse(wanted))
                    .isEqualTo(code);
        }
        assertThat(Evidence.values()).allMatch(e -> Evidence.ofCode(e.code()).orElseThrow() == e);
        assertThat(InterceptionMethod.values())
                .allMatch(w -> InterceptionMethod.ofCode(w.code()).orElseThrow() == w);
        assertThat(OperatingSystem.values())
                .allMatch(s -> OperatingSystem.ofCode(s.code()).orElseThrow() == s);
        assertThat(ExecutableState.values())
                .allMatch(s -> ExecutableState.ofCode(s.code()).orElseThrow() == s);
        assertThat(Evidence.ofCode(255)).isEmpty();
        assertThat(InterceptionMethod.ofCode(0)).isEmpty();
        assertThat(OperatingSystem.ofCode(0)).isEmpty();
        assertThat(ExecutableState.ofCode(0)).isEmpty();
        assertThat(ExecutableState.ofCode(3)).isEmpty();
    }

    @Test
    void anIdIsTheBeginningOfADigestOverItsContextAndItsName() {
        // printf 'throughline/hop-id/v1\0gateway' | sha256sum
        assertThat(HopId.of("gateway")).hasToString("1c339faf0e3e68c9");
        // printf 'throughline/host-id/v1\0gateway' | sha256sum
        assertThat(HostId.of("gateway")).hasToString("7e7286ba4795d016");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "A.b_c-9", "0", "x123456789012345678901234567890123456789012345678901234567890123"})
    void aNameIsOneToSixtyFourPlainCharacters(String name) {
        assertThat(HopId.of(name).value()).isNotEqualTo(HostId.of(name).value());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".a",
                "-a",
                "_a",
                "a b",
                "a+b",
                "a\n",
                "ä",
                "a/b",
                "x1234567890123456789012345678901234567890123456789012345678901234"
            })
    void anythingElseIsNoName(String name) {
        assertThatThrownBy(() -> HopId.of(name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> HostId.of(name)).isInstanceOf(IllegalArgumentException.class);
    }
}
