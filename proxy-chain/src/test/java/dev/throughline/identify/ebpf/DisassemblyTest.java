package dev.throughline.identify.ebpf;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import com.google.common.io.Resources;
import dev.throughline.identify.ebpf.KernelLayout.Member;
import dev.throughline.platform.linux.BpfCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Compares each program that a hop gives to the kernel with a checked-in disassembly, which an auditor reads beside
 * {@code connect.bpf.c} and {@code queue.bpf.c}. A program can't change without a change in a listing.
 */
class DisassemblyTest {
    private static final Path SOURCES = Path.of("src/test/resources/dev/throughline/identify/ebpf");
    private static final Path ACTUAL = Path.of("target/disassembly");

    private static final List<String> TRACER_MAPS =
            List.of("connect_cookie", "connect_tuple", "connect_user", "connect_source", "exec_pid");

    /** Offsets that no kernel has and that differ from each other: a listing must be the same on every kernel. */
    private static final Map<Member, Integer> OFFSETS = offsets();

    private static Map<Member, Integer> offsets() {
        Map<Member, Integer> offsets = new EnumMap<>(Member.class);
        for (Member member : Member.values()) {
            offsets.put(member, 10_000 + 100 * offsets.size());
        }
        return offsets;
    }

    private record Program(String name, String comment, BpfCode code, List<String> maps) {}

    private static List<Program> programs() {
        KernelLayout kernel = new KernelLayout(ImmutableMap.copyOf(OFFSETS));
        TracePlan plan = new TracePlan(
                Optional.of(kernel), Sets.immutableEnumSet(ImmutableSet.copyOf(TracePart.values())), ImmutableMap.of());
        return List.of(
                new Program(
                        "connect_caller",
                        "cgroup/connect4, connect6, sendmsg4 and sendmsg6, with all parts of TracePart",
                        ConnectCode.caller(plan, ConnectTracer.PER_SECOND),
                        TRACER_MAPS),
                new Program(
                        "connect_tuple",
                        "sockops, with all parts of TracePart",
                        ConnectCode.connection(plan),
                        TRACER_MAPS),
                new Program("exec_script", "raw_tracepoint/sched_process_exec", ConnectCode.exec(kernel), TRACER_MAPS),
                new Program(
                        "queue_by_user",
                        "socket filter, for network namespace 0x1122334455667788 and 16 queues",
                        QueueCode.choose(0x1122_3344_5566_7788L, 16),
                        List.of("connect_source")));
    }

    @TestFactory
    Stream<DynamicTest> matchesTheListing() {
        return programs().stream()
                .map(program -> DynamicTest.dynamicTest(program.name(), () -> assertMatchesListing(program)));
    }

    private static void assertMatchesListing(Program program) throws IOException {
        String name = program.name() + ".txt";
        List<String> actual = listing(program);
        Files.createDirectories(ACTUAL);
        Files.write(ACTUAL.resolve(name), actual);
        List<String> expected =
                Resources.readLines(Resources.getResource(DisassemblyTest.class, name), StandardCharsets.UTF_8);
        assertThat(actual)
                .withFailMessage(() -> """
                        the program %1$s is no longer the one of its listing: line %2$s
                        If this is intended: make the same change in the C source beside ConnectCode.java, renew the listing with
                          cp proxy-chain/%3$s proxy-chain/%4$s
                        and commit all three.""".formatted(
                        program.name(), difference(expected, actual), ACTUAL.resolve(name), SOURCES.resolve(name)))
                .isEqualTo(expected);
    }

    private static String difference(List<String> expected, List<String> actual) {
        int line = 0;
        while (line < Math.min(expected.size(), actual.size())
                && expected.get(line).equals(actual.get(line))) {
            line++;
        }
        return "%d is \"%s\", not \"%s\"".formatted(line + 1, at(actual, line), at(expected, line));
    }

    private static String at(List<String> lines, int line) {
        return line < lines.size() ? lines.get(line) : "(end)";
    }

    private static List<String> listing(Program program) {
        List<String> lines = new ArrayList<>();
        lines.add("; " + program.name() + ": " + program.comment());
        lines.add(
                "; Offsets of kernel structures, with the member beside them, are placeholders: a hop takes its kernel's.");
        lines.addAll(new Disassembler(program.maps(), members()).lines(program.code()));
        return lines;
    }

    /** Members by the number that represents them in the code: a sum or a difference of two if one is inside another. */
    private static Map<Integer, String> members() {
        Map<Integer, String> members = new HashMap<>();
        OFFSETS.forEach((member, offset) -> members.put(offset, member.toString()));
        int number = OFFSETS.get(Member.NAMESPACE_INODE);
        for (Member outer : List.of(Member.USER_NAMESPACE, Member.MOUNT_NAMESPACE)) {
            members.put(OFFSETS.get(outer) + number, outer + " + " + Member.NAMESPACE_INODE);
        }
        members.put(
                OFFSETS.get(Member.BTRFS_INODE_ROOT) - OFFSETS.get(Member.BTRFS_INODE),
                Member.BTRFS_INODE_ROOT + " - " + Member.BTRFS_INODE);
        return members;
    }

    /** Otherwise a comment in a listing might name the wrong member. */
    @Test
    void namesEachMemberByADifferentNumber() {
        assertThat(members()).hasSize(Member.values().length + 3);
    }
}
