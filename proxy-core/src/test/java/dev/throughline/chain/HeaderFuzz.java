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

/** A fuzz target for the first bytes of a connection. */
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

    /** Reads in pieces: a reader doesn't change its result, and waits only for incomplete headers. */
    private static void inPieces(byte[] bytes, ReadResult whole) {
        // Bytes that haven't arrived are inverted: a reader that looked ahead would return another result.
        byte[] contrary = bytes.clone();
        for (int i = 0; i < bytes.length; i++) {
            contrary[i] ^= (byte) 0xFF;
        }
        int length = 0;
        while (true) {
            byte[] arrived = contrary.clone();
            System.arraycopy(bytes, 0, arrived, 0, length);
            ReadResult soFar = READER.read(arrived, length);
            if (!(soFar instanceof ReadResult.NeedMore more)) {
                assertThat(soFar).as("%s bytes", length).isEqualTo(whole);
                return;
            }
            if (more.total() <= length || more.total() > HeaderLimits.NORMAL.maxBytes()) {
                throw new AssertionError(length + " bytes, and " + more);
            }
            if (length == bytes.length) {
                assertThat(whole).isEqualTo(soFar);
                return;
            }
            length = Math.min(next(length, more.total()), bytes.length);
        }
    }

    /** Returns the next length: byte by byte at first and near an expected change, in larger steps between. */
    private static int next(int length, int awaited) {
        return length < 64 || length >= awaited - 1 ? length + 1 : Math.min(length + 61, awaited - 1);
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
