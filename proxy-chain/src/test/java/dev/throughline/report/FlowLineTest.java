package dev.throughline.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.RejectReason;
import dev.throughline.chain.Verification;
import dev.throughline.cli.HeaderFixture;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** For flows of all kinds, the log has the bytes that Jackson writes. */
class FlowLineTest {
    private static final int FLOWS = 5_000;
    private static final int PROCESSES = 8;
    private static final List<String> TEXTS = List.of(
            "",
            "curl",
            "/usr/bin/python3.13",
            "quote \" backslash \\ slash /",
            "\b\t\n\f\r",
            "\0\u0001\u001B\u001F\u007F\u0080\u009F",
            "caf\u00E9 \u07FF\u0800\uFFFD\uFFFF",
            "\u65E5\u672C\u8A9E \u2028\u2029 \uFEFF",
            "a \uD83D\uDE00 smile \uDBFF\uDFFF",
            "half \uD83D",
            "\uDE00 half",
            "\uD83D\uD83D\uDE00\uDE00",
            "ends with a quote\"",
            "x".repeat(5_000) + "\u00E9" + "\n".repeat(5_000));

    private final Random random = new Random(42);
    private final List<ProcessIdentity> processes = new ArrayList<>();
    private Verification.Verified verified;
    private FlowJson json;
    private JacksonFlowLine reference;

    @BeforeEach
    void names() throws Exception {
        verified = HeaderFixture.verified();
        IdNames names = new IdNames(HeaderFixture.trust(), "hop-c", "egress-1");
        json = new FlowJson("hop-c", names);
        reference = new JacksonFlowLine("hop-c", names);
    }

    @Test
    void isTheSameAsJacksons() {
        Utf8Buffer text = new Utf8Buffer(16);
        Json line = Json.ofMany(text);
        for (int i = 0; i < FLOWS; i++) {
            FlowView flow = flow();
            CloseResult result = new CloseResult(any(CloseReason.values()), text());

            text.clear(16);
            line.write(out -> json.closed(out, flow, result));

            assertThat(text.copyOf(text.length()))
                    .as("flow %d", i)
                    .isEqualTo(reference.closed(flow, result).getBytes(StandardCharsets.UTF_8));
        }
    }

    private FlowView flow() {
        return new FlowView(
                number(),
                text(),
                any(FlowView.Stage.values()),
                time(),
                Duration.ofNanos(duration()),
                maybe(() -> Duration.ofNanos(duration())),
                maybe(this::arrival),
                maybe(() -> new SocketIdentity(
                        process(),
                        random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(random.nextInt()),
                        OptionalInt.empty())),
                maybe(() -> random.nextBoolean()
                        ? verified
                        : new Verification.Rejected(any(RejectReason.values()), random.nextInt(4) - 1, text())),
                maybe(this::originator),
                maybe(() -> new Decision(maybe(this::text), outcome(), maybe(this::text))),
                maybe(this::next),
                maybe(this::text),
                ImmutableList.of(),
                number(),
                number());
    }

    private AcceptedConnection arrival() {
        return new AcceptedConnection.Tcp(any(InterceptionMethod.values()), tuple(), tuple(), random.nextBoolean());
    }

    private Originator originator() {
        return new Originator(
                random.nextBoolean() ? HostId.of("edge-1") : new HostId(random.nextLong()),
                new FlowId(number(), number()),
                time(),
                tuple(),
                any(InterceptionMethod.values()),
                process());
    }

    /** A process, often with the details of one before, all or some of them. */
    private ProcessIdentity process() {
        if (!processes.isEmpty() && random.nextInt(3) > 0) {
            ProcessIdentity one = processes.get(random.nextInt(processes.size()));
            ProcessIdentity other = processes.get(random.nextInt(processes.size()));
            return new ProcessIdentity(
                    any(Evidence.values()),
                    one.system(),
                    other.process(),
                    other.credentials(),
                    one.code(),
                    random.nextInt(4) > 0 ? one.workload() : other.workload(),
                    random.nextInt(4) > 0 ? one.processContext() : other.processContext());
        }
        ProcessIdentity next = newProcess();
        if (processes.size() < PROCESSES) {
            processes.add(next);
        } else {
            processes.set(random.nextInt(PROCESSES), next);
        }
        return next;
    }

    private ProcessIdentity newProcess() {
        return new ProcessIdentity(
                any(Evidence.values()),
                any(OperatingSystem.values()),
                maybe(() -> new ProcessId(random.nextInt(), number())),
                maybe(() -> new Credentials(random.nextInt(), random.nextInt(3) - 1, random.nextInt(3) - 1)),
                new Code(maybe(this::text), maybe(() -> bytes(32)), maybe(this::text))
                        .withFile(
                                new FileId(random.nextInt(), random.nextInt(), number()),
                                maybe(() -> any(ExecutableState.values())))
                        .withScript(text())
                        .withSignature(
                                new AppleSignature(maybe(this::text), maybe(this::text), maybe(() -> bytes(20)))),
                new Workload(maybe(() -> bytes(16)), maybe(this::text))
                        .withUnit(text())
                        .withContainer(text(), maybe(() -> new UUID(number(), number())))
                        .withNamespaces(new Namespaces(id(number()), id(number()))),
                new ProcessContext(
                        maybe(this::text),
                        maybe(() -> new ProcessId(random.nextInt(), number())),
                        maybe(() -> bytes(32)),
                        new Audit(id(random.nextInt(7)), id(4_294_967_294L), maybe(() -> bytes(32))),
                        maybe(this::text),
                        maybe(() -> bytes(32))));
    }

    private Outcome outcome() {
        return random.nextBoolean() ? new Outcome.Deny() : new Outcome.Allow(maybe(this::text), maybe(this::text));
    }

    private NextHop next() {
        return random.nextBoolean()
                ? new NextHop.Destination()
                : new NextHop.ByInterception("hop-d", HeaderProfile.NORMAL);
    }

    private OptionalLong id(long value) {
        return random.nextBoolean() ? OptionalLong.empty() : OptionalLong.of(value);
    }

    private Tuple tuple() {
        int size = random.nextBoolean() ? 4 : 16;
        return Tuple.tcp(endpoint(size), endpoint(size));
    }

    /** Mapped addresses would be IPv4; runs of zeros have a short form. */
    private InetSocketAddress endpoint(int size) {
        byte[] address = new byte[size];
        random.nextBytes(address);
        if (size > 4) {
            address[0] = 0x20;
            int from = 1 + random.nextInt(12);
            java.util.Arrays.fill(address, from, from + random.nextInt(16 - from), (byte) 0);
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(address), random.nextInt(1 << 16));
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    /** A time of any precision, often in the same second as the one before. */
    private Instant time() {
        long second = 1_800_000_000L + random.nextInt(2);
        if (random.nextInt(50) == 0) {
            second = random.nextLong(400_000_000_000L) - 100_000_000_000L;
        }
        long precision = any(1L, 1_000L, 1_000_000L, 1_000_000_000L);
        long nanos = random.nextInt(1_000_000_000);
        return Instant.ofEpochSecond(second, nanos - nanos % precision);
    }

    /** Nanoseconds of any magnitude, and those whose text changes its form. */
    private long duration() {
        return random.nextInt(4) == 0
                ? any(0L, 1L, 999L, 1_000L, 1_500_000_000L, 9_999_999_999_999L, 10_000_000_000_000L)
                : random.nextLong() >>> (1 + random.nextInt(63));
    }

    /** Numbers of any size and sign. */
    private long number() {
        return random.nextInt(8) == 0
                ? any(0L, 9L, 10L, Long.MAX_VALUE, Long.MIN_VALUE, -1L, 1_000_000_000_000_000_000L)
                : random.nextLong() >> random.nextInt(64);
    }

    private Bytes bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return Bytes.copyOf(bytes);
    }

    private String text() {
        return TEXTS.get(random.nextInt(random.nextInt(20) == 0 ? TEXTS.size() : TEXTS.size() - 1));
    }

    @SafeVarargs
    private <T> T any(T... values) {
        return values[random.nextInt(values.length)];
    }

    private <T> Optional<T> maybe(Supplier<? extends T> value) {
        return random.nextBoolean() ? Optional.of(value.get()) : Optional.empty();
    }
}
