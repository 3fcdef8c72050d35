package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EscapedTextTest {
    @ParameterizedTest
    @CsvSource({
        "2f62696e2f6c73, /bin/ls",
        "c3bc, ü",
        "e282ac, €",
        "f09f9880, \uD83D\uDE00",
        "610a62, a\\x0ab",
        "1b5b316d, \\x1b[1m",
        "7f, \\x7f",
        "c285, \\xc2\\x85",
        "61e2808d62, a\\xe2\\x80\\x8db",
        "f3a081a1, \\xf3\\xa0\\x81\\xa1",
        "ff, \\xff",
        "c3, \\xc3",
        "c328, \\xc3(",
        "eda080, \\xed\\xa0\\x80",
        "c080, \\xc0\\x80",
        "615c62, a\\b",
        "5c7a6161, \\zaa",
        "5c783061, \\x5cx0a",
        "5c7834, \\x4",
        "5c0a, \\\\x0a",
        "00, \\x00",
    })
    void bytesBecomeCleanText(String hex, String text) {
        assertThat(EscapedText.of(HexFormat.of().parseHex(hex), 256)).contains(text);
    }

    @Test
    void twoNamesNeverHaveOneText() {
        Random random = new Random(1);
        byte[] alphabet = {'\\', 'x', '0', 'a', 10, (byte) 0xc3, (byte) 0xbc, (byte) 0xff};
        Map<String, String> seen = new HashMap<>();
        for (int i = 0; i < 200_000; i++) {
            byte[] name = new byte[1 + random.nextInt(8)];
            for (int j = 0; j < name.length; j++) {
                name[j] = alphabet[random.nextInt(alphabet.length)];
            }
            String hex = HexFormat.of().formatHex(name);
            String other = seen.put(EscapedText.of(name, 256).orElseThrow(), hex);
            assertThat(other == null || other.equals(hex))
                    .as("%s and %s", hex, other)
                    .isTrue();
        }
    }

    @Test
    void tooLongIsAbsentAndNeverCut() {
        assertThat(EscapedText.of("ü".repeat(128).getBytes(StandardCharsets.UTF_8), 256))
                .isPresent();
        assertThat(EscapedText.of("ü".repeat(129).getBytes(StandardCharsets.UTF_8), 256))
                .isEmpty();
        assertThat(EscapedText.of(new byte[65], 256)).isEmpty();
        assertThat(EscapedText.of(new byte[0], 256)).isEmpty();
    }
}
