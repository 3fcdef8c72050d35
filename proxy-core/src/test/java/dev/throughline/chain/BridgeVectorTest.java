package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.bridge.BridgeRead;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every vector of the bridge, read at once, read in pieces, and written back. */
class BridgeVectorTest {
    private static final Path FOLDER = Vector.DIRECTORY.resolve(BridgeVectors.FOLDER);

    static List<String> headers() throws IOException {
        return names().filter(name -> !name.startsWith("answer-") && !name.startsWith("request-"))
                .toList();
    }

    static List<String> requests() throws IOException {
        return names().filter(name -> name.startsWith("request-")).toList();
    }

    static List<String> answers() throws IOException {
        return names().filter(name -> name.startsWith("answer-")).toList();
    }

    private static Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
        }
    }

    static Vector vector(String name) {
        try {
            return Vector.parse(name, Files.readString(FOLDER.resolve(name)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("headers")
    void aHeaderHasTheExpectedResult(String name) {
        Vector vector = vector(name);
        Header header = Scene.complete(vector.bytes());
        String outcome = switch (BridgeHeader.read(header)) {
            case BridgeRead.Found found -> "handed-over: " + says(found.header());
            case BridgeRead.Malformed malformed -> {
                assertThat(malformed.problem()).isNotBlank();
                yield "malformed " + malformed.offset();
            }
        };
        assertThat(outcome)
                .isEqualTo(vector.expect()
                        + vector.setting("says").map(says -> ": " + says).orElse(""));
        writtenBack(header);
    }

    /** A header that was read is written as the same bytes: each has exactly one encoding. */
    static void writtenBack(Header header) {
        if (BridgeHeader.read(header) instanceof BridgeRead.Found(BridgeHeader read)) {
            boolean checked = header.tlvs().getLast().type() == Tlv.CRC32C;
            assertThat(
                            checked
                                    ? HeaderWriter.proxyWithChecksum(read.flow(), read.tlvs())
                                    : HeaderWriter.proxy(read.flow(), read.tlvs()))
                    .isEqualTo(header.raw());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("requests")
    void aRequestHasTheExpectedResult(String name) {
        Vector vector = vector(name);
        Header header = Scene.complete(vector.bytes());
        String outcome = "request "
                + switch (BridgeRequest.read(header)) {
                    case BridgeRequest.Read.Found found -> says(found.request());
                    case BridgeRequest.Read.Malformed malformed -> {
                        assertThat(malformed.problem()).isNotBlank();
                        yield "malformed " + malformed.offset();
                    }
                };
        assertThat(outcome).isEqualTo(vector.expect());
        requestWrittenBack(header);
    }

    /** No header is both a handover and a request. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("everyHeader")
    void aHeaderIsReadAtOneDoorAtMost(String name) {
        Header header = Scene.complete(vector(name).bytes());
        assertThat(BridgeHeader.read(header) instanceof BridgeRead.Found
                        && BridgeRequest.read(header) instanceof BridgeRequest.Read.Found)
                .isFalse();
    }

    static List<String> everyHeader() throws IOException {
        return Stream.concat(headers().stream(), requests().stream()).toList();
    }

    /** A request that was read is written as the same bytes: each has exactly one encoding. */
    static void requestWrittenBack(Header header) {
        if (BridgeRequest.read(header) instanceof BridgeRequest.Read.Found(BridgeRequest read)) {
            boolean checked = header.tlvs().getLast().type() == Tlv.CRC32C;
            assertThat(checked ? withChecksum(read) : read.encode()).isEqualTo(header.raw());
        }
    }

    private static Bytes withChecksum(BridgeRequest request) {
        return switch (request) {
            case BridgeRequest.Open open -> HeaderWriter.proxyWithChecksum(open.flow(), open.tlvs());
            case BridgeRequest.Watch watch -> HeaderWriter.localWithChecksum(watch.tlvs());
        };
    }

    static String says(BridgeRequest request) {
        return switch (request) {
            case BridgeRequest.Open open ->
                "open " + open.flow()
                        + open.handle().map(handle -> "; handle " + handle).orElse("");
            case BridgeRequest.Watch watch -> "watch";
        };
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    void anAnswerHasTheExpectedResult(String name) {
        Vector vector = vector(name);
        Bytes bytes = Bytes.copyOf(vector.bytes());
        String outcome = "answer "
                + switch (BridgeAnswer.read(bytes)) {
                    case BridgeAnswer.Read.Complete complete -> says(complete.answer());
                    case BridgeAnswer.Read.Malformed malformed -> "malformed " + malformed.offset();
                    case BridgeAnswer.Read.NeedMore more -> "of " + more.total() + " bytes";
                };
        assertThat(outcome).isEqualTo(vector.expect());
        answerInPieces(bytes);
    }

    /** A reader waits only for incomplete answers, and doesn't change its result; an answer that was read is written back. */
    static void answerInPieces(Bytes bytes) {
        BridgeAnswer.Read whole = BridgeAnswer.read(bytes);
        for (int length = 0; length < bytes.length(); length++) {
            BridgeAnswer.Read soFar = BridgeAnswer.read(bytes.part(0, length));
            if (soFar instanceof BridgeAnswer.Read.NeedMore more) {
                assertThat(more.total()).isGreaterThan(length).isLessThanOrEqualTo(262);
            } else {
                assertThat(soFar).isEqualTo(whole);
            }
        }
        if (whole instanceof BridgeAnswer.Read.Complete(BridgeAnswer answer, int length) && bytes.at(2) == 1) {
            assertThat(answer.encode()).isEqualTo(bytes.part(0, length));
        }
    }

    static BridgeHeader found(Header header) {
        return ((BridgeRead.Found) BridgeHeader.read(header)).header();
    }

    static String says(BridgeHeader header) {
        List<String> parts = new ArrayList<>();
        parts.add(header.flow().toString());
        header.handle().ifPresent(handle -> parts.add("handle " + handle));
        header.hostName().ifPresent(name -> parts.add("name " + name));
        Vector.process(parts, header.process().unverified(), header.wayIn());
        return String.join("; ", parts);
    }

    private static String says(BridgeAnswer answer) {
        return switch (answer) {
            case BridgeAnswer.Connected connected -> "connected";
            case BridgeAnswer.Failed failed -> "failed " + failed.reason();
            case BridgeAnswer.AgentNotice.Waiting waiting -> "waiting " + waiting.reason();
            case BridgeAnswer.AgentNotice.Limits(long capacity, long inUse, long waiting) ->
                "limits " + inUse + " of " + capacity + ", " + waiting + " wait";
            case BridgeAnswer.AgentNotice.Carried carried -> "carried";
            case BridgeAnswer.AgentNotice.Addresses(Tuple connection) -> "addresses " + connection;
            case BridgeAnswer.AgentNotice.Unknown news -> "news " + news.code();
        };
    }
}
