package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.bridge.BridgeRead;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.ReadResult;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A fuzz target for the headers of agents and the answers of hops. */
class BridgeFuzz {
    static Stream<Arguments> vectors() throws IOException {
        return Stream.concat(BridgeVectorTest.headers().stream(), BridgeVectorTest.answers().stream())
                .map(name -> Arguments.of((Object) BridgeVectorTest.vector(name).bytes()));
    }

    @MethodSource("dev.throughline.chain.BridgeFuzz#vectors")
    @FuzzTest
    void isReadInOneWayOrRefused(byte[] bytes) {
        BridgeVectorTest.answerInPieces(Bytes.copyOf(bytes));
        if (Scene.read(bytes) instanceof ReadResult.Complete complete) {
            isReadInOneWayOrRefused(complete.header());
        }
    }

    private static void isReadInOneWayOrRefused(Header header) {
        if (BridgeHeader.read(header) instanceof BridgeRead.Malformed malformed) {
            assertThat(malformed.offset()).isBetween(12, header.raw().length());
            assertThat(malformed.problem()).isNotBlank();
        } else {
            BridgeVectorTest.writtenBack(header);
            assertThat(BridgeVectorTest.says(BridgeVectorTest.found(header))).doesNotContainPattern("\\p{Cntrl}");
        }
    }
}
