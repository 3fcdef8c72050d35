package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.header.Bytes;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The reference agent in Swift isn't built here; its sources are compared with the hop's constants and its README. */
class MacosAgentTest {
    private static final Path FOLDER = Path.of("..", "deploy", "macos");

    private static String source(String name) throws IOException {
        return Files.readString(FOLDER.resolve("Sources").resolve(name));
    }

    /** Returns its constants by name, such as {@code static let name: UInt8 = 0x12}. */
    private static Map<String, Long> numbers(String source) {
        Map<String, Long> numbers = new HashMap<>();
        Pattern.compile("static let (\\w+)(?:: UInt\\d+)? = (\\w+)\\n")
                .matcher(source)
                .results()
                .forEach(found ->
                        numbers.put(found.group(1), Long.decode(found.group(2).replace("_", ""))));
        return numbers;
    }

    private static long typeOf(Tlv tlv) {
        return tlv.type();
    }

    @Test
    void itsNumbersAreTheHops() throws IOException {
        Map<String, Long> numbers = numbers(source("BridgeContract/Contract.swift"));
        InetSocketAddress end = new InetSocketAddress("192.0.2.1", 1);
        List<Tlv> open = new BridgeRequest.Open(Tuple.tcp(end, end), Optional.of(Bytes.ofHex("07"))).tlvs();
        Bytes request = open.getFirst().value();
        Bytes watch = new BridgeRequest.Watch().tlvs().getFirst().value();

        assertThat(numbers)
                .contains(
                        entry("version", (long) BridgeAnswer.VERSION),
                        entry("checksum", (long) Tlv.CRC32C),
                        entry("block", (long) BridgeHeader.BLOCK_TYPE),
                        entry("request", (long) BridgeRequest.TYPE),
                        entry("handle", typeOf(open.getLast())),
                        entry("open", (long) request.at(3)),
                        entry("watch", (long) watch.at(3)),
                        entry("connected", code(new BridgeAnswer.Connected())),
                        entry("failed", code(new BridgeAnswer.Failed("stopped"))),
                        entry("waiting", (long) BridgeAnswer.NEWS),
                        entry("limits", (long) BridgeAnswer.LIMITS),
                        entry("carried", (long) BridgeAnswer.CARRIED),
                        entry("addresses", (long) BridgeAnswer.ADDRESSES),
                        entry("appProxyProvider", (long) InterceptionMethod.APP_PROXY_PROVIDER.code()),
                        entry("macos", (long) OperatingSystem.MACOS.code()),
                        entry("headerFixedBytes", (long) HeaderWriter.FIXED_BYTES),
                        entry("headerMostBytes", (long) HeaderLimits.NORMAL.maxBytes()),
                        entry("answerPrefixBytes", (long) BridgeAnswer.PREFIX_BYTES),
                        entry("answerContentMostBytes", (long) BridgeAnswer.MAX_CONTENT_BYTES));
        assertThat(source("BridgeContract/Contract.swift"))
                .contains("magic: [UInt8] = [0x%02X, 0x%02X]".formatted(request.at(0), request.at(1)));
    }

    private static long code(BridgeAnswer answer) {
        return answer.encode().at(3);
    }

    /** Limits without a constant in Java are compared with the text of BRIDGE.md. */
    @Test
    void itsLimitsAreTheContracts() throws IOException {
        Map<String, Long> numbers = numbers(source("BridgeContract/Contract.swift"));
        String contract = Files.readString(Path.of("..", "proxy-core", "BRIDGE.md"));

        assertThat(contract)
                .contains(
                        "| time for a header | " + numbers.get("requestSeconds") + " s |",
                        "| unfinished headers | " + numbers.get("unfinishedRequestsMost") + " of",
                        "| failed headers | " + numbers.get("failedRequestsMost") + " in "
                                + numbers.get("failedRequestsSeconds") + " s of",
                        "the *handle*, 1 to " + numbers.get("handleMostBytes") + " bytes",
                        "if the application used one: 1 to " + numbers.get("hostNameMostBytes") + " bytes",
                        "1 to " + numbers.get("reasonMostBytes") + " of a-z",
                        "at least every " + numbers.get("limitsEverySeconds") + " s");
        assertThat(numbers).containsEntry("limitsMostASecond", 10L);
        assertThat(contract).contains("no more than ten a second");
    }

    @Test
    void itHasTheLimitsOfTheEmulator() throws IOException {
        assertThat(numbers(source("Agent/Places.swift")))
                .containsOnly(entry("limit", (long) NetworkFrameworkEmulator.LIMIT), entry("limitFrom264", (long)
                        NetworkFrameworkEmulator.LIMIT_26_4));
        assertThat(Files.readString(FOLDER.resolve("README.md")))
                .contains(NetworkFrameworkEmulator.LIMIT + ", and " + NetworkFrameworkEmulator.LIMIT_26_4
                        + " from macOS 26.4 on");
    }

    @Test
    void thePageNamesEveryFile() throws IOException {
        String page = Files.readString(FOLDER.resolve("README.md"));
        try (Stream<Path> files = Files.walk(FOLDER)) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(FOLDER::relativize)
                            .filter(file -> !file.startsWith(".build") && !file.startsWith(".swiftpm"))
                            .map(file -> file.getFileName().toString()))
                    .hasSizeGreaterThan(40)
                    .filteredOn(name -> !name.equals("README.md"))
                    .allSatisfy(name ->
                            assertThat(page).containsAnyOf("`" + name + "`", "`" + name.replace(".swift", "`")));
        }
    }

    @Test
    void thePageAndTheExampleHaveEveryKeyOfAConfiguration() throws IOException {
        String known = source("Agent/AgentConfiguration.swift");
        String list =
                known.substring(known.indexOf("known: Set = ["), known.indexOf("]\n", known.indexOf("known: Set = [")));
        List<String> keys = words("\"(\\w+)\"", list);

        assertThat(keys).hasSizeGreaterThan(5);
        assertThat(words("<key>(\\w+)</key>", Files.readString(FOLDER.resolve("agent.plist"))))
                .containsExactlyElementsOf(keys);
        assertThat(words("(?m)^\\| `(\\w+)` \\| (?!`)", Files.readString(FOLDER.resolve("README.md"))))
                .containsExactlyElementsOf(keys);
    }

    @Test
    void thePageNamesEveryReasonOfTheAgentsOwn() throws IOException {
        assertThat(Files.readString(FOLDER.resolve("README.md")))
                .contains(words(
                                "\"((?:hop|flow)-[a-z-]+)\"",
                                source("Agent/HandOver.swift") + source("Agent/AnswerWait.swift"))
                        .stream()
                        .map(reason -> "`" + reason + "`")
                        .toList());
    }

    /** Names that must be the same in several files, or the system finds no extension. */
    @Test
    void itsPartsFitTogether() throws IOException {
        String identifier = words("extensionIdentifier = \"([\\w.]+)\"", source("Container/ThroughlineAgent.swift"))
                .getFirst();

        assertThat(Files.readString(FOLDER.resolve("README.md")))
                .contains("| `PRODUCT_BUNDLE_IDENTIFIER` | `%s` | `%s` |"
                        .formatted(identifier.substring(0, identifier.lastIndexOf('.')), identifier));
        assertThat(source("TransparentProxy/Info.plist"))
                .contains(
                        "<key>com.apple.networkextension.app-proxy</key>",
                        "<string>$(PRODUCT_MODULE_NAME).TransparentProxyProvider</string>");
        assertThat(source("TransparentProxy/TransparentProxyProvider.swift"))
                .contains("class TransparentProxyProvider: NETransparentProxyProvider");
        for (String entitlements :
                List.of("TransparentProxy/TransparentProxy.entitlements", "Container/Container.entitlements")) {
            assertThat(source(entitlements)).contains("<string>app-proxy-provider-systemextension</string>");
        }
    }

    private static List<String> words(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(found -> found.group(1))
                .toList();
    }
}
