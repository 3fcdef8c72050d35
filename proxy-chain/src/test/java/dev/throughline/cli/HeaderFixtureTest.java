package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.CharMatcher;
import dev.throughline.chain.Opening;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class HeaderFixtureTest {
    /** After a deliberate change of the wire format, the failure has the new content of the files. */
    @Test
    void theFilesHoldTheHeaderThatIsSignedToday() throws Exception {
        String hex = HeaderFixture.signed().toHex();

        assertThat(HexFormat.of().formatHex(HeaderFixture.file("header.bin"))).isEqualTo(hex);
        assertThat(CharMatcher.whitespace().removeFrom(HeaderFixture.text("header.hex")))
                .isEqualTo(hex);
        assertThat(HexFormat.of().formatHex(Base64.getMimeDecoder().decode(HeaderFixture.text("header.base64"))))
                .isEqualTo(hex);
    }

    @Test
    void theFilesHoldTheClosedHeaderAndItsOpeningsAsTheyAreToday() throws Exception {
        assertThat(CharMatcher.whitespace().removeFrom(HeaderFixture.text("header-closed.hex")))
                .isEqualTo(HeaderFixture.closed().toHex());
        assertThat(HeaderFixture.text("flows-of-hop-b.jsonl"))
                .contains(HeaderFixture.openings().stream().map(Opening::toText).toList());
    }
}
