package dev.throughline.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextPatternTest {
    @ParameterizedTest
    @CsvSource({
        "/usr/bin/curl, /usr/bin/curl, true",
        "/usr/bin/curl, /usr/bin/curl2, false",
        "/usr/bin/curl, /usr/bin/Curl, false",
        "/usr/lib/firefox/*, /usr/lib/firefox/firefox-bin, true",
        "/usr/lib/firefox/*, /usr/lib/firefox/plugins/x, false",
        "/usr/lib/firefox/**, /usr/lib/firefox/plugins/x, true",
        "/usr/lib/firefox/**, /usr/lib/firefoxes, false",
        "/opt/*/bin, /opt/app/bin, true",
        "/opt/*/bin, /opt/app/x/bin, false",
        "/opt/**/bin, /opt/app/x/bin, true",
        "*.example.com, www.example.com, true",
        "*.example.com, a.b.example.com, true",
        "*.example.com, example.com, false",
        "*.example.com, www.example.com.evil, false",
        "ab*ba, aba, false",
        "a.c, abc, false",
    })
    void matches(String pattern, String text, boolean expected) {
        assertThat(new TextPattern(pattern).matches(text)).isEqualTo(expected);
    }

    /** Several would let an application choose a path over which matching takes long. */
    @ParameterizedTest
    @ValueSource(strings = {"/a*b*", "/***", "**/x/**", "*/**"})
    void hasOneStarAtMost(String pattern) {
        assertThatThrownBy(() -> new TextPattern(pattern)).hasMessageContaining("at most");
    }

    @Test
    void isNotEmpty() {
        assertThatThrownBy(() -> new TextPattern("")).isInstanceOf(IllegalArgumentException.class);
    }
}
