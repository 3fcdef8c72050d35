package dev.throughline.chain;

import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import java.time.Instant;
import java.util.Optional;
import java.util.function.IntFunction;

/** The codec of the core of an origin block (SPEC.md, "Core fields"). */
final class OriginCodec {
    private static final int HOST = 1;
    private static final int FLOW = 2;
    private static final int OBSERVED_AT = 3;
    private static final int TUPLE = 4;
    private static final int EVIDENCE = 5;
    static final int SYSTEM = 6;
    static final int PROCESS = 7;
    static final int CREDENTIALS = 8;

    private OriginCodec() {}

    /** Encodes {@code originator} with what {@code process} has encoded for its process. */
    static OriginBlock encode(Originator originator, ProcessDetails.Entry process) {
        ProcessIdentity who = originator.identity();
        FlowId flow = originator.flow();
        Tuple tuple = originator.tuple();
        Optional<String> contradiction = contradiction(
                originator.wayIn(),
                tuple.transport(),
                who.evidence(),
                who.process().isPresent(),
                who.credentials().isPresent());
        if (contradiction.isPresent()) {
            throw new IllegalArgumentException(contradiction.get());
        }
        int tupleBytes = 1 + tuple.transport().addressBytes();
        // Not a Fields.Writer, which needs an object for each field: this runs for each flow.
        ByteWriter core = new ByteWriter(5 * Fields.OVERHEAD
                + (8 + 16 + 6 + tupleBytes + 2)
                + process.core().length());
        field(core, HOST, 8).i64(originator.host().value());
        field(core, FLOW, 16).i64(flow.high()).i64(flow.low());
        field(core, OBSERVED_AT, 6).u48(originator.observedAt().toEpochMilli());
        field(core, TUPLE, tupleBytes).u8(tuple.transport().code()).tuple(tuple);
        field(core, EVIDENCE, 2).u8(who.evidence().code()).u8(originator.wayIn().code());
        core.bytes(process.core());
        return new OriginBlock(core.toBytes(), process.details(), new Claimed<>(originator));
    }

    private static ByteWriter field(ByteWriter out, int tag, int length) {
        return out.u8(tag).u16(length);
    }

    /** Writes the known ones of process, operating system and user. */
    static void process(Fields.Writer core, ProcessIdentity who) {
        core.put(SYSTEM, 1).u8(who.system().code());
        if (who.process().isPresent()) {
            ProcessId process = who.process().get();
            core.put(PROCESS, 12).i32(process.pid()).i64(process.startTime());
        }
        if (who.credentials().isPresent()) {
            Credentials ids = who.credentials().get();
            core.put(CREDENTIALS, 12).i32(ids.uid()).i32(ids.effectiveUid()).i32(ids.gid());
        }
    }

    /** The content of a core: an originator without details. */
    record Core(
            HostId host,
            FlowId flow,
            Instant observedAt,
            Tuple tuple,
            InterceptionMethod method,
            Evidence evidence,
            OperatingSystem system,
            Optional<ProcessId> process,
            Optional<Credentials> credentials) {
        /** Returns the originator that this core and the details of {@code section} describe. */
        Originator with(DetailSection section) {
            return new Originator(
                    host,
                    flow,
                    observedAt,
                    tuple,
                    method,
                    new ProcessIdentity(
                            evidence,
                            system,
                            process,
                            credentials,
                            section.code(),
                            section.workload(),
                            section.processContext()));
        }
    }

    /** Reads the core of a block. */
    static Core core(ByteReader in) throws WireException {
        int start = in.offset();
        Fields core = Fields.read(in, "the core");
        HostId host = new HostId(core.required(HOST, 8, "origin host id", start).i64("host id"));
        ByteReader flow = core.required(FLOW, 16, "flow id", start);
        FlowId flowId = new FlowId(flow.i64("flow id"), flow.i64("flow id"));
        Instant observedAt = Instant.ofEpochMilli(
                core.required(OBSERVED_AT, 6, "time of observation", start).u48("time"));
        Tuple tuple = tuple(core.required(TUPLE, "original tuple", start));
        ByteReader evidenceAndWay = core.required(EVIDENCE, 2, "evidence and way in", start);
        Evidence evidence = known(evidenceAndWay, "evidence", Evidence::ofCode);
        InterceptionMethod method = known(evidenceAndWay, "way in", InterceptionMethod::ofCode);
        OperatingSystem system =
                known(core.required(SYSTEM, 1, "operating system", start), "operating system", OperatingSystem::ofCode);
        Optional<ProcessId> process = process(core, PROCESS, "process");
        Optional<Credentials> credentials = credentials(core);
        Optional<String> contradiction =
                contradiction(method, tuple.transport(), evidence, process.isPresent(), credentials.isPresent());
        if (contradiction.isPresent()) {
            throw new WireException(evidenceAndWay.offset() - 2, contradiction.get());
        }
        return new Core(host, flowId, observedAt, tuple, method, evidence, system, process, credentials);
    }

    private static Tuple tuple(ByteReader in) throws WireException {
        int at = in.offset();
        int size = in.left();
        Optional<TransportProtocol> known = TransportProtocol.ofCode(size == 0 ? 0 : in.u8("transport"));
        if (known.isEmpty()) {
            throw new WireException(at, "the original tuple begins with a transport: 11, 12, 21 or 22");
        }
        TransportProtocol transport = known.get();
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

    static Optional<ProcessId> process(Fields fields, int tag, String name) throws WireException {
        Optional<ByteReader> field = fields.optional(tag, 12, name);
        if (field.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new ProcessId(field.get().i32("pid"), field.get().i64("start time")));
    }

    static Optional<Credentials> credentials(Fields core) throws WireException {
        Optional<ByteReader> field = core.optional(CREDENTIALS, 12, "credentials");
        if (field.isEmpty()) {
            return Optional.empty();
        }
        ByteReader ids = field.get();
        return Optional.of(new Credentials(ids.i32("uid"), ids.i32("effective uid"), ids.i32("gid")));
    }

    static <T> T known(ByteReader in, String what, IntFunction<Optional<T>> type) throws WireException {
        int at = in.offset();
        int code = in.u8(what);
        Optional<T> known = type.apply(code);
        if (known.isEmpty()) {
            throw new WireException(at, what + " " + code + " isn't known to this version");
        }
        return known.get();
    }

    /** Returns why the fields contradict each other, if so. */
    private static Optional<String> contradiction(
            InterceptionMethod wayIn,
            TransportProtocol transport,
            Evidence evidence,
            boolean process,
            boolean credentials) {
        Optional<String> ofProcess = contradiction(evidence, process, credentials);
        return ofProcess.isPresent() ? ofProcess : contradiction(wayIn, evidence, transport);
    }

    /** Returns why the known fields contradict the evidence, if so. */
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

    /**
     * Returns why the way in contradicts the other fields, if so: an unsigned PROXY header names no process, and trusted
     * proxies only forward TCP.
     */
    private static Optional<String> contradiction(
            InterceptionMethod wayIn, Evidence evidence, TransportProtocol transport) {
        boolean namesNobody = evidence == Evidence.UNKNOWN || evidence == Evidence.REMOTE;
        return wayIn == InterceptionMethod.PROXY_HEADER && !(namesNobody && transport.isTcp())
                ? Optional.of(
                        "way in " + wayIn + " needs TCP, and evidence " + Evidence.UNKNOWN + " or " + Evidence.REMOTE)
                : Optional.empty();
    }
}
