package dev.throughline.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestionTest {
    @ParameterizedTest
    @CsvSource({"chek, check", "usr, user", "hlep, help", "volt, vault", "executible, executable", "prot, port"})
    void suggestsANearWord(String word, String known) {
        assertThat(Suggestion.among(List.of(known, "something-else"), word))
                .isEqualTo(": did you mean \"" + known + "\"?");
    }

    @ParameterizedTest
    @CsvSource({"foo, who", "<<, to", "at, by", "one, two", "else, name"})
    void listsAllWordsIfNoneIsNear(String word, String known) {
        assertThat(Suggestion.among(List.of(known, "zone-id"), word))
                .isEqualTo(": expected one of " + known + ", zone-id");
    }

    @Test
    void suggestsNothingWhereNothingIsKnown() {
        assertThat(Suggestion.among(List.of(), "word")).isEmpty();
    }
}
