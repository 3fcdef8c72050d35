package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A process identity in the fields of an origin (SPEC, section 3), without a signature: an agent sends it to the hop of its
 * host (BRIDGE.md, "Block"). Fields that an agent must not send, or that the process's system doesn't have, are rejected and
 * not ignored: the sender relies on them.
 */
public final class ProcessBlock {
    private static final int CORE = tags(OriginCodec.SYSTEM, OriginCodec.PROCESS, OriginCodec.CREDENTIALS);
    private static final int TOKEN_NUMBERS = 8;

    private static final Form LINUX = new Form(tags(1, 2, 3, 9, 10), tags(1, 2, 3, 4, 5, 6, 8), tags(1, 2, 3, 5, 7));
    private static final Form MACOS = new Form(tags(1, 2, 3, 4, 5, 6, 9, 10), tags(1), tags(1, 2, 3, 4, 5, 7));

    /** The fields that processes of one system have, as one bit for each tag. */
    private record Form(int code, int workload, int processContext) {
        int tags(Detail.Kind kind) {
            return switch (kind) {
                case CODE -> code;
                case PLACEMENT -> workload;
                case PERSON -> processContext;
            };
        }
    }

    private ProcessBlock() {}

    /** The result of reading a block. */
    public sealed interface Read {
        /**
         * A well-formed block. Only the sender knows whether it is true.
         *
         * @param process with evidence {@link Evidence#BRIDGE}
         */
        record Found(Claimed<ProcessIdentity> process) implements Read {}

        /**
         * A malformed block.
         *
         * @param offset in bytes from the start of the block
         * @param problem what was found and what was expected
         */
        record Malformed(int offset, String problem) implements Read {}
    }

    /**
     * Encodes a process identity.
     *
     * @param who the identity; its evidence isn't written, since the evidence is that an agent sent it
     * @return the encoded block
     * @throws IllegalArgumentException for an identity that {@link #read} would reject, such as one without a process, or of
     *     macOS without its audit token
     */
    public static Bytes write(ProcessIdentity who) {
        Fields.Writer core = new Fields.Writer();
        OriginCodec.process(core, who);
        Bytes coreBytes = core.toBytes();
        Bytes code = DetailCodec.fields(who.code()).toBytes();
        Bytes workload = DetailCodec.fields(who.workload()).toBytes();
        Bytes processContext = DetailCodec.fields(who.processContext()).toBytes();
        ByteWriter out = new ByteWriter(2 + coreBytes.length() + size(code) + size(workload) + size(processContext));
        out.u16(coreBytes.length()).bytes(coreBytes);
        section(out, Detail.Kind.CODE, code);
        section(out, Detail.Kind.PLACEMENT, workload);
        section(out, Detail.Kind.PERSON, processContext);
        Bytes block = out.toBytes();
        if (read(block) instanceof Read.Malformed(int offset, String problem)) {
            throw new IllegalArgumentException(problem);
        }
        return block;
    }

    private static int size(Bytes section) {
        return section.length() == 0 ? 0 : 3 + section.length();
    }

    private static void section(ByteWriter out, Detail.Kind kind, Bytes fields) {
        if (fields.length() > 0) {
            out.u8(kind.code()).u16(fields.length()).bytes(fields);
        }
    }

    /**
     * Decodes a block.
     *
     * @param block the whole block
     * @return the content, or why it is malformed
     */
    public static Read read(Bytes block) {
        try {
            return new Read.Found(new Claimed<>(process(new ByteReader(block))));
        } catch (WireException e) {
            return new Read.Malformed(e.offset(), e.problem());
        }
    }

    private static ProcessIdentity process(ByteReader in) throws WireException {
        ByteReader coreBytes = in.part(in.u16("the length of the core"), "the core");
        int start = coreBytes.offset();
        Fields fields = Fields.readOnly(coreBytes, "an agent's core", CORE);
        ByteReader systemField = fields.required(OriginCodec.SYSTEM, 1, "operating system", start);
        int systemAt = systemField.offset();
        OperatingSystem system = OriginCodec.known(systemField, "operating system", OperatingSystem::ofCode);
        Form form = switch (system) {
            case LINUX -> LINUX;
            case MACOS -> MACOS;
            case WINDOWS -> throw new WireException(systemAt, "there is no form for " + system + " yet");
        };
        ProcessId process = OriginCodec.process(fields, OriginCodec.PROCESS, "process")
                .orElseThrow(
                        () -> new WireException(start, "the process (tag " + OriginCodec.PROCESS + ") is missing"));
        ProcessIdentity core = new ProcessIdentity(
                Evidence.BRIDGE,
                system,
                Optional.of(process),
                OriginCodec.credentials(fields),
                Code.UNKNOWN,
                Workload.UNKNOWN,
                ProcessContext.UNKNOWN);
        ProcessIdentity who = sections(in, form).process(core);
        if (system == OperatingSystem.MACOS) {
            checkToken(who, process, start);
        }
        return who;
    }

    private static DetailCodec.Reader sections(ByteReader in, Form form) throws WireException {
        DetailCodec.Reader details = new DetailCodec.Reader();
        int last = 0;
        while (!in.atEnd()) {
            int start = in.offset();
            int code = in.u8("the kind of a section");
            Optional<Detail.Kind> kind = Detail.Kind.ofCode(code);
            if (code <= last || kind.isEmpty()) {
                throw new WireException(
                        start, "section kind " + code + " after " + last + ": kinds ascend from 1 to 3");
            }
            last = code;
            ByteReader section = in.part(in.u16("the length of a section"), "a section");
            if (section.atEnd()) {
                throw new WireException(start, "a section without a field is left out");
            }
            details.read(kind.get(), Fields.readOnly(section, "a section of kind " + code, form.tags(kind.get())));
        }
        return details;
    }

    /**
     * Checks a macOS block against its audit token. The kernel's token contains all ids; others beside it must not contradict
     * it.
     */
    private static void checkToken(ProcessIdentity who, ProcessId process, int at) throws WireException {
        Bytes token = who.processContext()
                .audit()
                .token()
                .orElseThrow(() -> new WireException(at, "the audit token (person 4) is missing"));
        int[] numbers = new int[TOKEN_NUMBERS];
        java.nio.ByteBuffer.wrap(token.toByteArray()).asIntBuffer().get(numbers);
        Audit audit = new Audit(id(numbers[0]), id(numbers[6]), Optional.of(token));
        Credentials credentials = new Credentials(numbers[3], numbers[1], numbers[4]);
        ProcessId id = new ProcessId(numbers[5], Integer.toUnsignedLong(numbers[7]));
        if (!process.equals(id)
                || !who.credentials().equals(Optional.of(credentials))
                || !who.processContext().audit().equals(audit)) {
            throw new WireException(at, "core 7 and 8 and the audit user and session aren't those of the audit token");
        }
    }

    private static OptionalLong id(int number) {
        return number == Credentials.NOT_KNOWN ? OptionalLong.empty() : OptionalLong.of(Integer.toUnsignedLong(number));
    }

    private static int tags(int... tags) {
        int bits = 0;
        for (int tag : tags) {
            bits |= 1 << tag;
        }
        return bits;
    }
}
