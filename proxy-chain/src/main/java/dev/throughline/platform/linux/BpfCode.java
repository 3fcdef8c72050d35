package dev.throughline.platform.linux;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An assembler for eBPF (RFC 9669) with one method per instruction. It rejects only what can't be encoded; the kernel's
 * verifier checks the program. Not thread-safe.
 */
public final class BpfCode {
    /**
     * A register: r0 has results, r1 to r5 have arguments and are clobbered by calls, r6 to r9 are preserved, r10 is
     * the frame pointer.
     */
    public enum Register {
        R0(0),
        R1(1),
        R2(2),
        R3(3),
        R4(4),
        R5(5),
        R6(6),
        R7(7),
        R8(8),
        R9(9),
        R10(10);

        private final int number;

        Register(int number) {
            this.number = number;
        }
    }

    /** The size of a load or store. */
    public enum Size {
        WORD(0x00),
        DOUBLE(0x18);

        private final int bits;

        Size(int bits) {
            this.bits = bits;
        }
    }

    /** A helper function of the kernel (bpf-helpers(7)), by its number in linux/bpf.h. */
    public enum Helper {
        MAP_LOOKUP_ELEM(1),
        MAP_UPDATE_ELEM(2),
        MAP_DELETE_ELEM(3),
        GET_CURRENT_PID_TGID(14),
        GET_CURRENT_UID_GID(15),
        GET_CURRENT_COMM(16),
        GET_CURRENT_TASK(35),
        GET_SOCKET_COOKIE(46),
        SKB_LOAD_BYTES_RELATIVE(68),
        GET_CURRENT_CGROUP_ID(80),
        PROBE_READ_KERNEL(113),
        PROBE_READ_KERNEL_STR(115),
        GET_NETNS_COOKIE(122),
        KTIME_GET_BOOT_NS(125),
        SKC_TO_TCP_SOCK(137);

        private final int number;

        Helper(int number) {
            this.number = number;
        }
    }

    /** A jump target. Only forward jumps are allowed, so there are no loops. */
    public static final class Label {
        private int at = -1;
    }

    private record Jump(int from, Label to) {}

    private static final int LDX_MEM = 0x61;
    private static final int STX_MEM = 0x63;
    private static final int ST_MEM = 0x62;
    private static final int MOV_REGISTER = 0xBF;
    private static final int MOV_NUMBER = 0xB7;
    private static final int ADD_NUMBER = 0x07;
    private static final int ADD_REGISTER = 0x0F;
    private static final int LOAD_64 = 0x18;
    private static final int PSEUDO_MAP_FD = 1;
    private static final int JUMP = 0x05;
    private static final int JUMP_IF_EQUAL = 0x15;
    private static final int JUMP_IF_SAME = 0x1D;
    private static final int JUMP_IF_OTHER = 0x55;
    private static final int JUMP_IF_OTHER_WORD = 0x56;
    private static final int JUMP_IF_GREATER = 0x25;
    private static final int SHIFT_RIGHT = 0x77;
    private static final int SHIFT_LEFT = 0x67;
    private static final int AND_NUMBER = 0x57;
    private static final int MULTIPLY_NUMBER = 0x27;
    private static final int ATOMIC_ADD = 0xDB;
    private static final int CALL = 0x85;
    private static final int EXIT = 0x95;

    private final List<Long> instructions = new ArrayList<>();
    private final List<Jump> jumps = new ArrayList<>();
    /** Indices of tables, by the instruction that loads them. */
    private final Map<Integer, Integer> tables = new TreeMap<>();

    /** Emits {@code to = from}. */
    public BpfCode move(Register to, Register from) {
        return add(MOV_REGISTER, to, from, 0, 0);
    }

    /** Emits {@code to = number}. */
    public BpfCode move(Register to, int number) {
        return add(MOV_NUMBER, to, Register.R0, 0, number);
    }

    /** Emits {@code to += number}. */
    public BpfCode add(Register to, int number) {
        return add(ADD_NUMBER, to, Register.R0, 0, number);
    }

    /** Emits {@code to += from}. */
    public BpfCode add(Register to, Register from) {
        return add(ADD_REGISTER, to, from, 0, 0);
    }

    /** Emits {@code to >>= bits}, unsigned. */
    public BpfCode shiftRight(Register to, int bits) {
        return add(SHIFT_RIGHT, to, Register.R0, 0, bits);
    }

    /** Emits {@code to <<= bits}. */
    public BpfCode shiftLeft(Register to, int bits) {
        return add(SHIFT_LEFT, to, Register.R0, 0, bits);
    }

    /** Emits {@code to &= number}, whose sign is extended to 64 bits. */
    public BpfCode and(Register to, int number) {
        return add(AND_NUMBER, to, Register.R0, 0, number);
    }

    /** Emits {@code to *= number}, whose sign is extended to 64 bits. */
    public BpfCode multiply(Register to, int number) {
        return add(MULTIPLY_NUMBER, to, Register.R0, 0, number);
    }

    /** Emits {@code *(to + offset) += from}, eight bytes, also while other processors do so. */
    public BpfCode addAtomically(Register to, int offset, Register from) {
        return add(ATOMIC_ADD, to, from, offset, 0);
    }

    /** Loads a table, by its index among the tables of the program. */
    public BpfCode loadTable(Register to, int index) {
        tables.put(instructions.size(), index);
        instructions.add(encode(LOAD_64, to.number, PSEUDO_MAP_FD, 0, 0));
        instructions.add(0L);
        return this;
    }

    /** Emits {@code to = *(from + offset)}. */
    public BpfCode load(Size size, Register to, Register from, int offset) {
        return add(LDX_MEM | size.bits, to, from, offset, 0);
    }

    /** Emits {@code *(to + offset) = from}. */
    public BpfCode store(Size size, Register to, int offset, Register from) {
        return add(STX_MEM | size.bits, to, from, offset, 0);
    }

    /** Emits {@code *(to + offset) = number}. */
    public BpfCode store(Size size, Register to, int offset, int number) {
        return add(ST_MEM | size.bits, to, Register.R0, offset, number);
    }

    /** Calls a function; arguments are in r1 to r5, its result is in r0. */
    public BpfCode call(Helper helper) {
        return add(CALL, Register.R0, Register.R0, 0, helper.number);
    }

    /** Continues at {@code to}. */
    public BpfCode jump(Label to) {
        jumps.add(new Jump(instructions.size(), to));
        return add(JUMP, Register.R0, Register.R0, 0, 0);
    }

    /** Continues at {@code to} if {@code register} is {@code number}. */
    public BpfCode jumpIf(Register register, int number, Label to) {
        jumps.add(new Jump(instructions.size(), to));
        return add(JUMP_IF_EQUAL, register, Register.R0, 0, number);
    }

    /** Continues at {@code to} if both registers are equal. */
    public BpfCode jumpIf(Register register, Register other, Label to) {
        jumps.add(new Jump(instructions.size(), to));
        return add(JUMP_IF_SAME, register, other, 0, 0);
    }

    /** Continues at {@code to} unless {@code register} is {@code number}. */
    public BpfCode jumpUnless(Register register, int number, Label to) {
        jumps.add(new Jump(instructions.size(), to));
        return add(JUMP_IF_OTHER, register, Register.R0, 0, number);
    }

    /** Continues at {@code to} unless the lower four bytes of {@code register} are {@code number}. */
    public BpfCode jumpUnlessWord(Register register, int number, Label to) {
        jumps.add(new Jump(instructions.size(), to));
        return add(JUMP_IF_OTHER_WORD, register, Register.R0, 0, number);
    }

    /** Continues at {@code to} if {@code register} is greater than {@code number}, unsigned. */
    public BpfCode jumpIfGreater(Register register, int number, Label to) {
        jumps.add(new Jump(instructions.size(), to));
        return add(JUMP_IF_GREATER, register, Register.R0, 0, number);
    }

    /** Sets the target of {@code label} to the next instruction. */
    public BpfCode at(Label label) {
        checkState(label.at < 0, "a label can be set only once");
        label.at = instructions.size();
        return this;
    }

    /** Ends the program with r0. */
    public BpfCode exit() {
        return add(EXIT, Register.R0, Register.R0, 0, 0);
    }

    /** Returns the number of instructions so far, of eight bytes each. */
    public int size() {
        return instructions.size();
    }

    /**
     * Returns all instructions in the kernel's format.
     *
     * @param descriptors descriptors of the tables, by index
     * @throws IllegalStateException if a jump has no target or goes back
     */
    byte[] toBytes(int... descriptors) {
        List<Long> linked = linked();
        tables.forEach((at, index) -> linked.set(at, linked.get(at) | (long) descriptors[index] << 32));
        return bytes(linked);
    }

    /** Returns all instructions with table indices instead of descriptors, so that the result is reproducible. */
    public byte[] fingerprint() {
        List<Long> linked = linked();
        tables.forEach((at, index) -> linked.set(at, linked.get(at) | (long) index << 32));
        return bytes(linked);
    }

    private List<Long> linked() {
        List<Long> linked = new ArrayList<>(instructions);
        for (Jump jump : jumps) {
            int distance = jump.to.at - jump.from - 1;
            checkState(jump.to.at >= 0 && distance >= 0 && distance <= Short.MAX_VALUE, "a jump must go forward");
            linked.set(jump.from, linked.get(jump.from) | (long) distance << 16);
        }
        return linked;
    }

    private static byte[] bytes(List<Long> instructions) {
        ByteBuffer bytes = ByteBuffer.allocate(instructions.size() * Long.BYTES).order(ByteOrder.nativeOrder());
        instructions.forEach(bytes::putLong);
        return bytes.array();
    }

    private BpfCode add(int code, Register to, Register from, int offset, int number) {
        checkArgument(offset == (short) offset, "an offset has 16 bits: %s", offset);
        instructions.add(encode(code, to.number, from.number, offset, number));
        return this;
    }

    /**
     * Encodes an instruction in little-endian order, like all supported architectures: code, registers, offset and number from
     * the lowest byte.
     */
    private static long encode(int code, int to, int from, int offset, int number) {
        return code | (long) (from << 4 | to) << 8 | (offset & 0xFFFFL) << 16 | (long) number << 32;
    }
}
