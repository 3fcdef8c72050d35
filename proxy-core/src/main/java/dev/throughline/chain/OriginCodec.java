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
import java.util.Set;
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
    private static final Set<Integer> NO_CRITICAL = Set.of();

    private OriginCodec() {}

    /** Encodes {@code originator}; each detail that says anything gets a fresh salt of 16 bytes. */
    static OriginBlock encode(Originator originator, Supplier<Bytes> salts) {
        ProcessIdentity who = originator.identity();
        FlowId flow = originator.flow();
        Tuple tuple = originator.tuple();
        byte[] core = new Fields.Writer()
                .put(HOST, buffer(8).putLong(originator.host().value()).array())
                .put(FLOW, buffer(16).putLong(flow.high()).putLong(flow.low()).array())
                .put(OBSERVED_AT, u48(originator.observedAt().toEpochMilli()))
                .put(
                        TUPLE,
                        buffer(1 + tuple.transport().addressBytes())
                                .put((byte) tuple.transport().code())
                                .put(tuple.encode())
                                .array())
                .put(EVIDENCE, new byte[] {
                    (byte) who.evidence().code(), (byte) originator.wayIn().code()
                })
                .put(SYSTEM, new byte[] {(byte) who.system().code()})
                .put(
                        PROCESS,
                        who.process()
                                .map(p -> buffer(12)
                                        .putInt(p.pid())
                                        .putLong(p.startTime())
                                        .array()))
                .put(
                        CREDENTIALS,
                        who.credentials()
                                .map(c -> buffer(12)
                                        .putInt(c.uid())
                                        .putInt(c.effectiveUid())
                                        .putInt(c.gid())
                                        .array()))
                .toByteArray();
        ImmutableList.Builder<Detail> details = ImmutableList.builder();
        add(
                details,
                Detail.CODE,
                salts,
                new Fields.Writer()
                        .putText(EXECUTABLE, who.code().executable())
                        .put(SHA256, who.code().sha256().map(Bytes::toByteArray))
                        .putText(COMMAND, who.code().command()));
        add(
                details,
                Detail.PLACEMENT,
                salts,
                new Fields.Writer()
                        .put(BOOT_ID, who.placement().bootId().map(Bytes::toByteArray))
                        .putText(CGROUP, who.placement().cgroup()));
        add(
                details,
                Detail.PERSON,
                salts,
                new Fields.Writer().putText(USER_NAME, who.person().userName()));
        return new OriginBlock(Bytes.copyOf(core), details.build(), new Claimed<>(originator));
    }

    private static void add(
            ImmutableList.Builder<Detail> details, int kind, Supplier<Bytes> salts, Fields.Writer fields) {
        if (!fields.isEmpty()) {
            details.add(Detail.open(kind, salts.get(), Bytes.copyOf(fields.toByteArray())));
        }
    }

    /** Reads the details of one block, then its core. */
    static final class DetailReader {
        private Code code = Code.UNKNOWN;
        private Placement placement = Placement.UNKNOWN;
        private Person person = Person.UNKNOWN;

        void read(int kind, Cursor in) throws WireException {
            Fields fields = Fields.read(in, "a detail of kind " + kind, NO_CRITICAL);
            switch (kind) {
                case Detail.CODE ->
                    code = new Code(
                            fields.text(EXECUTABLE, "executable path"),
                            fields.bytes(SHA256, 32, "executable's SHA-256"),
                            fields.text(COMMAND, "command name"));
                case Detail.PLACEMENT ->
                    placement = new Placement(fields.bytes(BOOT_ID, 16, "boot id"), fields.text(CGROUP, "cgroup path"));
                default -> person = new Person(fields.text(USER_NAME, "user name"));
            }
        }

        Originator originator(Cursor in) throws WireException {
            int start = in.offset();
            Fields core = Fields.read(in, "the core", NO_CRITICAL);
            HostId host =
                    new HostId(core.required(HOST, 8, "origin host id", start).i64("host id"));
            Cursor flow = core.required(FLOW, 16, "flow id", start);
            FlowId flowId = new FlowId(flow.i64("flow id"), flow.i64("flow id"));
            Instant observedAt = Instant.ofEpochMilli(
                    core.required(OBSERVED_AT, 6, "time of observation", start).u48("time"));
            Tuple tuple = tuple(core, start);
            Cursor evidenceAndWay = core.required(EVIDENCE, 2, "evidence and way in", start);
            int evidence = evidenceAndWay.u8("evidence");
            int way = evidenceAndWay.u8("way in");
            int system = core.required(SYSTEM, 1, "operating system", start).u8("system");
            return new Originator(
                    host,
                    flowId,
                    observedAt,
                    tuple,
                    known(Way.ofCode(way), core.offsetOf(EVIDENCE) + 1, "way in", way),
                    new ProcessIdentity(
                            known(Evidence.ofCode(evidence), core.offsetOf(EVIDENCE), "evidence", evidence),
                            known(OperatingSystem.ofCode(system), core.offsetOf(SYSTEM), "operating system", system),
                            process(core),
                            credentials(core),
                            code,
                            placement,
                            person));
        }

        private static Tuple tuple(Fields core, int start) throws WireException {
            int at = core.offsetOf(TUPLE);
            byte[] value = core.raw(TUPLE)
                    .orElseThrow(() -> new WireException(start, "the original tuple (tag " + TUPLE + ") is missing"))
                    .toByteArray();
            Transport transport = Transport.ofCode(value.length == 0 ? 0 : value[0] & 0xFF)
                    .orElseThrow(() ->
                            new WireException(at, "the original tuple begins with a transport: 11, 12, 21 or 22"));
            if (value.length != 1 + transport.addressBytes()) {
                throw new WireException(
                        at,
                        "the original tuple has " + (1 + transport.addressBytes()) + " bytes, found " + value.length);
            }
            try {
                return Tuple.decode(transport, value, 1);
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

        private static <T> T known(Optional<T> value, int at, String what, int code) throws WireException {
            return value.orElseThrow(() -> new WireException(at, what + " " + code + " isn't known to this version"));
        }
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size);
    }

    static byte[] u48(long value) {
        return java.util.Arrays.copyOfRange(buffer(8).putLong(value).array(), 2, 8);
    }
}
