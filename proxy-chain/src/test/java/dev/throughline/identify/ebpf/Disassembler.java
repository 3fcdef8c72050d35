package dev.throughline.identify.ebpf;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.throughline.platform.linux.BpfCode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A disassembler of eBPF instructions (RFC 9669) with the notation of llvm-objdump, one line for each instruction. It reads the
 * bytes that the kernel gets and shares no code with {@link BpfCode}. An instruction that it doesn't know is an error.
 */
final class Disassembler {
    private static final int LOAD_64 = 0x18;
    private static final int PSEUDO_MAP_FD = 1;

    /** The kernel's numbers of the functions that are called (linux/bpf.h, enum bpf_func_id). */
    private static final Map<Integer, String> HELPERS = ImmutableMap.<Integer, String>builder()
            .put(1, "bpf_map_lookup_elem")
            .put(2, "bpf_map_update_elem")
            .put(3, "bpf_map_delete_elem")
            .put(14, "bpf_get_current_pid_tgid")
            .put(15, "bpf_get_current_uid_gid")
            .put(16, "bpf_get_current_comm")
            .put(35, "bpf_get_current_task")
            .put(46, "bpf_get_socket_cookie")
            .put(68, "bpf_skb_load_bytes_relative")
            .put(80, "bpf_get_current_cgroup_id")
            .put(113, "bpf_probe_read_kernel")
            .put(115, "bpf_probe_read_kernel_str")
            .put(122, "bpf_get_netns_cookie")
            .put(125, "bpf_ktime_get_boot_ns")
            .put(137, "bpf_skc_to_tcp_sock")
            .buildOrThrow();

    private final List<String> maps;
    private final Map<Integer, String> members;

    /**
     * Creates a disassembler.
     *
     * @param maps names of the maps, by the index that the code loads them with
     * @param members names of members of kernel structures, by the offset that represents them
     */
    Disassembler(List<String> maps, Map<Integer, String> members) {
        this.maps = ImmutableList.copyOf(maps);
        this.members = ImmutableMap.copyOf(members);
    }

    /** Returns a line for each instruction. */
    List<String> lines(BpfCode code) {
        ByteBuffer in = ByteBuffer.wrap(code.fingerprint()).order(ByteOrder.LITTLE_ENDIAN);
        List<String> lines = new ArrayList<>();
        while (in.hasRemaining()) {
            int index = in.position() / Long.BYTES;
            lines.add("%4d: %s".formatted(index, instruction(index, in)));
        }
        return lines;
    }

    private String instruction(int index, ByteBuffer in) {
        int code = Byte.toUnsignedInt(in.get());
        int registers = Byte.toUnsignedInt(in.get());
        int offset = in.getShort();
        int immediate = in.getInt();
        int to = registers & 0xF;
        int from = registers >>> 4;
        return switch (code) {
            case 0x07 -> member("r%d += %d".formatted(to, immediate), immediate);
            case 0x0F -> "r%d += r%d".formatted(to, from);
            case LOAD_64 -> map(to, from, immediate, in);
            case 0x27 -> "r%d *= %d".formatted(to, immediate);
            case 0x57 -> "r%d &= %d".formatted(to, immediate);
            case 0x67 -> "r%d <<= %d".formatted(to, immediate);
            case 0x77 -> "r%d >>= %d".formatted(to, immediate);
            case 0xB7 -> "r%d = %d".formatted(to, immediate);
            case 0xBF -> "r%d = r%d".formatted(to, from);
            case 0x61, 0x79 -> member("r%d = %s".formatted(to, memory(code, from, offset)), offset);
            case 0x62, 0x7A -> "%s = %d".formatted(memory(code, to, offset), immediate);
            case 0x63, 0x7B -> "%s = r%d".formatted(memory(code, to, offset), from);
            case 0xDB -> atomic(immediate, to, offset, from);
            case 0x05 -> "goto " + target(index, offset);
            case 0x15 -> "if r%d == %d goto %s".formatted(to, immediate, target(index, offset));
            case 0x1D -> "if r%d == r%d goto %s".formatted(to, from, target(index, offset));
            case 0x25 -> "if r%d > %d goto %s".formatted(to, immediate, target(index, offset));
            case 0x55 -> "if r%d != %d goto %s".formatted(to, immediate, target(index, offset));
            case 0x56 -> "if w%d != %d goto %s".formatted(to, immediate, target(index, offset));
            case 0x85 -> "call " + helper(immediate) + "#" + immediate;
            case 0x95 -> "exit";
            default -> throw new IllegalArgumentException("unknown instruction 0x%02x at %d".formatted(code, index));
        };
    }

    private static String memory(int code, int register, int offset) {
        String type = (code & 0x18) == 0x18 ? "u64" : "u32";
        return "*(%s *)(r%d %s %d)".formatted(type, register, offset < 0 ? "-" : "+", Math.abs(offset));
    }

    private static String atomic(int operation, int to, int offset, int from) {
        if (operation != 0) {
            throw new IllegalArgumentException("not an atomic addition: " + operation);
        }
        return "lock %s += r%d".formatted(memory(0xDB, to, offset), from);
    }

    private static String target(int index, int offset) {
        return "+%d <%d>".formatted(offset, index + 1 + offset);
    }

    private String map(int to, int kind, int place, ByteBuffer in) {
        long second = in.getLong();
        if (kind != PSEUDO_MAP_FD || second != 0) {
            throw new IllegalArgumentException("loads something else than a map");
        }
        return "r%d = map[%s] ll".formatted(to, maps.get(place));
    }

    private static String helper(int number) {
        return Optional.ofNullable(HELPERS.get(number))
                .orElseThrow(() -> new IllegalArgumentException("unknown helper " + number));
    }

    private String member(String instruction, int offset) {
        return Optional.ofNullable(members.get(offset))
                .map(name -> "%-34s ; %s".formatted(instruction, name))
                .orElse(instruction);
    }
}
