package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.header.Transport;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.Person;
import dev.throughline.originator.Placement;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Way;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** An {@link Originator} as the fields of an origin block (SPEC.md, "Core fields" and "Details"), and back. */
final class OriginCodec {
    private static final int HOST = 1;
    private static final int FLOW = 2;
    private static final int OBSERVED_AT = 3;
    private static final int TUPLE = 4;
    private static final int EVIDENCE = 5;
    private static final int SYSTEM = 6;
    private static final int PROCESS = 7;
    private static final int CREDENTIALS = 8;
    private static final int EXECUTABLE = 1;
    private static final int SHA256 = 2;
    private static final int COMMAND = 3;
    private static final int BOOT_ID = 1;
    private static final int CGROUP = 2;
    private static final int USER_NAME = 1;

    private OriginCodec() {}

    /** Encodes {@code originator}, whose process has these details. */
    static OriginBlock encode(Originator originator, ImmutableList<Detail> details) {
        ProcessIdentity who = originator.identity();
        FlowId flow = originator.flow();
        Tuple tuple = originator.tuple();
        contradiction(
                        who.evidence(),
                        who.process().isPresent(),
                        who.credentials().isPresent())
                .ifPresent(problem -> {
                    throw new IllegalArgumentException(problem);
                });
        Fields.Writer core = new Fields.Writer();
        core.put(HOST, 8).putLong(originator.host().value());
        core.put(FLOW, 16).putLong(flow.high()).putLong(flow.low());
        u48(core.put(OBSERVED_AT, 6), originator.observedAt().toEpochMilli());
        tuple.writeTo(core.put(TUPLE, 1 + tuple.transport().addressBytes())
                .put((byte) tuple.transport().code()));
        core.put(EVIDENCE, 2).put((byte) who.evidence().code()).put((byte)
                originator.wayIn().code());
        core.put(SYSTEM, 1).put((byte) who.system().code());
        who.process().ifPresent(p -> core.put(PROCESS, 12).putInt(p.pid()).putLong(p.startTime()));
        who.credentials()
                .ifPresent(c -> core.put(CREDENTIALS, 12)
                        .putInt(c.uid())
                        .putInt(c.effectiveUid())
                        .putInt(c.gid()));
        return new OriginBlock(core.toBytes(), details, new Claimed<>(originator));
    }

    /** The details of a process; each that says anything gets a salt of 16 bytes from {@code salts}. */
    static ImmutableList<Detail> details(ProcessIdentity who, Supplier<Bytes> salts) {
        ImmutableList.Builder<Detail> details = ImmutableList.builderWithExpectedSize(3);
        add(
                details,
                Detail.Kind.CODE,
                salts,
                new Fields.Writer()
                        .putText(EXECUTABLE, who.code().executable())
                        .putBytes(SHA256, who.code().sha256())
                        .putText(COMMAND, who.code().command()));
        add(
                details,
                Detail.Kind.PLACEMENT,
                salts,
                new Fields.Writer()
                        .putBytes(BOOT_ID, who.placement().bootId())
                        .putText(CGROUP, who.placement().cgroup()));
        add(
                details,
                Detail.Kind.PERSON,
                salts,
                new Fields.Writer().putText(USER_NAME, who.person().userName()));
        return details.build();
    }

    private static void add(
            ImmutableList.Builder<Detail> details, Detail.Kind kind, Supplier<Bytes> salts, Fields.Writer fields) {
        if (!fields.isEmpty()) {
            details.add(new Detail.Open(new Opening(kind, salts.get(), fields.toBytes())));
        }
    }

    /** Reads the core of a block: an originator of which no detail is known. */
    static Originator core(Cursor in) throws WireException {
        int start = in.offset();
        Fields core = Fields.read(in, "the core");
        HostId host = new HostId(core.required(HOST, 8, "origin host id", start).i64("host id"));
        Cursor flow = core.required(FLOW, 16, "flow id", start);
        FlowId flowId = new FlowId(flow.i64("flow id"), flow.i64("flow id"));
        Instant observedAt = Instant.ofEpochMilli(
                core.required(OBSERVED_AT, 6, "time of observation", start).u48("time"));
        Tuple tuple = tuple(core.required(TUPLE, "original tuple", start));
        Cursor evidenceAndWay = core.required(EVIDENCE, 2, "evidence and way in", start);
        Evidence evidence = known(evidenceAndWay, "evidence", Evidence::ofCode);
        Way way = known(evidenceAndWay, "way in", Way::ofCode);
        OperatingSystem system =
                known(core.required(SYSTEM, 1, "operating system", start), "operating system", OperatingSystem::ofCode);
        Optional<ProcessId> process = process(core);
        Optional<Credentials> credentials = credentials(core);
        Optional<String> contradiction = contradiction(evidence, process.isPresent(), credentials.isPresent());
        if (contradiction.isPresent()) {
            throw new WireException(evidenceAndWay.offset() - 2, contradiction.get());
        }
        return new Originator(
                host,
                flowId,
                observedAt,
                tuple,
                way,
                new ProcessIdentity(
                        evidence, system, process, credentials, Code.UNKNOWN, Placement.UNKNOWN, Person.UNKNOWN));
    }

    private static Tuple tuple(Cursor in) throws WireException {
        int at = in.offset();
        int size = in.left();
        Transport transport = Transport.ofCode(size == 0 ? 0 : in.u8("transport"))
                .orElseThrow(
                        () -> new WireException(at, "the original tuple begins with a transport: 11, 12, 21 or 22"));
        if (size != 1 + transport.addressBytes()) {
            throw new WireException(
                    at, "the original tuple has " + (1 + transport.addressBytes()) + " bytes, found " + size);
        }
        try {
            return Tuple.decode(transport, in.rest());
        } catch (IllegalArgumentException e) {
            throw new WireException(at + 1, String.valueOf(e.getMessage()));
        }
    }

    private static Optional<ProcessId> process(Fields core) throws WireException {
        Optional<Cursor> field = core.optional(PROCESS, 12, "process");
        if (field.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new ProcessId(field.get().i32("pid"), field.get().i64("start time")));
    }

    private static Optional<Credentials> credentials(Fields core) throws WireException {
        Optional<Cursor> field = core.optional(CREDENTIALS, 12, "credentials");
        if (field.isEmpty()) {
            return Optional.empty();
        }
        Cursor ids = field.get();
        return Optional.of(new Credentials(ids.i32("uid"), ids.i32("effective uid"), ids.i32("gid")));
    }

    private static <T> T known(Cursor in, String what, IntFunction<Optional<T>> type) throws WireException {
        int at = in.offset();
        int code = in.u8(what);
        return type.apply(code)
                .orElseThrow(() -> new WireException(at, what + " " + code + " isn't known to this version"));
    }

    /** Reads the open details of one block. */
    static final class DetailReader {
        private Code code = Code.UNKNOWN;
        private Placement placement = Placement.UNKNOWN;
        private Person person = Person.UNKNOWN;

        void read(Detail.Kind kind, Cursor in) throws WireException {
            Fields fields = Fields.read(in, "a detail");
            switch (kind) {
                case CODE ->
                    code = new Code(
                            fields.text(EXECUTABLE, "executable path"),
                            fields.bytes(SHA256, 32, "executable's SHA-256"),
                            fields.text(COMMAND, "command name"));
                case PLACEMENT ->
                    placement = new Placement(fields.bytes(BOOT_ID, 16, "boot id"), fields.text(CGROUP, "cgroup path"));
                case PERSON -> person = new Person(fields.text(USER_NAME, "user name"));
            }
        }

        /** These details, with what was read of them. */
        DetailSection section(ImmutableList<Detail> details) {
            return new DetailSection(details, code, placement, person);
        }
    }

    /** An originator says no more than its evidence can know, and what it must. */
    private static Optional<String> contradiction(Evidence evidence, boolean process, boolean credentials) {
        return switch (evidence) {
            case UNKNOWN, REMOTE ->
                process || credentials
                        ? Optional.of("with evidence " + evidence + " neither process nor credentials can be known")
                        : Optional.empty();
            case UID_ONLY, SHARED ->
                process || !credentials
                        ? Optional.of("with evidence " + evidence + " credentials are known and no process")
                        : Optional.empty();
            case SOCKET_LOOKUP, KERNEL_CONNECT, BRIDGE ->
                process ? Optional.empty() : Optional.of("with evidence " + evidence + " the process is known");
        };
    }

    private static void u48(ByteBuffer out, long value) {
        out.putShort((short) (value >> 32)).putInt((int) value);
    }
}
