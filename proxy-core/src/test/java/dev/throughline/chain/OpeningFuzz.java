package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.ReadResult;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A fuzz target for the requests of hops and the notices of agents. */
class OpeningFuzz {
    static Stream<Arguments> vectors() throws IOException {
        return Stream.concat(BridgeVectorTest.requests().stream(), BridgeVectorTest.answers().stream())
                .map(name -> Arguments.of((Object) BridgeVectorTest.vector(name).bytes()));
    }

    @MethodSource("dev.throughline.chain.OpeningFuzz#vectors")
    @FuzzTest
    void isReadInOneWayOrRefused(byte[] bytes) {
        BridgeVectorTest.answerInPieces(Bytes.copyOf(bytes));
        if (Scene.read(bytes) instanceof ReadResult.Complete complete) {
            isReadInOneWayOrRefused(complete.header());
        }
    }

    private static void isReadInOneWayOrRefused(Header header) {
        if (BridgeRequest.read(header) instanceof BridgeRequest.Read.Malformed malformed) {
            assertThat(malformed.offset()).isBetween(13, header.raw().length());
            assertThat(malformed.problem()).isNotBlank();
        } else {
            BridgeVectorTest.requestWrittenBack(header);
        }
    }
}
