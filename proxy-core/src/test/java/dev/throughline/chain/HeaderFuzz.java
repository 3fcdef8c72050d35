package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.ReadResult;
import java.util.Arrays;
import org.junit.jupiter.params.provider.MethodSource;

/** Any bytes at the beginning of a connection. */
class HeaderFuzz {
    private static final HeaderReader READER = new HeaderReader(HeaderLimits.NORMAL);

    @MethodSource("dev.throughline.chain.FuzzSeeds#headers")
    @FuzzTest
    void isReadInOneWayOrRefused(byte[] bytes) {
        ReadResult whole = READER.read(bytes, bytes.length);
        inPieces(bytes, whole);
        if (whole instanceof ReadResult.Complete complete) {
            writtenBack(bytes, complete.header());
            ChainFuzz.isReadInOneWayOrRefused(complete.header());
        }
    }

    /** Byte by byte: a reader that has answered keeps its word, and one that waits is right to wait. */
    private static void inPieces(byte[] bytes, ReadResult whole) {
        byte[] arrived = new byte[bytes.length];
        for (int length = 0; length <= bytes.length; length++) {
            // What hasn't arrived is the contrary of what will: a reader that looked ahead would answer otherwise.
            for (int i = length; i < Math.min(bytes.length, length + 32); i++) {
                arrived[i] = (byte) ~bytes[i];
            }
            ReadResult soFar = READER.read(arrived, length);
            if (!(soFar instanceof ReadResult.NeedMore more)) {
                assertThat(soFar).as("%s bytes", length).isEqualTo(whole);
                return;
            }
            // Without assertThat, which would be most of a campaign's work.
            if (more.total() <= length || more.total() > HeaderLimits.NORMAL.maxBytes()) {
                throw new AssertionError(length + " bytes, and " + more);
            }
            if (length < bytes.length) {
                arrived[length] = bytes[length];
            }
        }
        assertThat(whole).isInstanceOf(ReadResult.NeedMore.class);
    }

    private static void writtenBack(byte[] bytes, Header header) {
        assertThat(header.raw())
                .isEqualTo(Bytes.copyOf(Arrays.copyOf(bytes, header.raw().length())));
        assertThat(Scene.complete(header.raw().toByteArray())).isEqualTo(header);
        assertThat(header.tuple().isPresent()).isEqualTo(header.command() == Header.Command.PROXY);
        header.tuple()
                .ifPresent(tuple ->
                        assertThat(HeaderWriter.proxy(tuple, header.tlvs())).isEqualTo(header.raw()));
    }
}
