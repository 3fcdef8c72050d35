package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.AppleSignature;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.Namespaces;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Supplier;

/** The codec of process identities as fields of details (SPEC.md, "Detail fields"). */
final class DetailCodec {
    private static final int EXECUTABLE = 1;
    private static final int SHA256 = 2;
    private static final int COMMAND = 3;
    private static final int SIGNING_ID = 4;
    private static final int TEAM_ID = 5;
    private static final int CDHASH = 6;
    private static final int FILE = 9;
    private static final int STATE = 10;
    private static final int SCRIPT = 11;
    private static final int BOOT_ID = 1;
    private static final int CGROUP = 2;
    private static final int UNIT = 3;
    private static final int CONTAINER = 4;
    private static final int POD = 5;
    private static final int NETWORK_NAMESPACE = 6;
    private static final int PID_NAMESPACE = 8;
    private static final int USER_NAME = 1;
    private static final int AUDIT_SESSION = 2;
    private static final int PARENT = 3;
    private static final int AUDIT_TOKEN = 4;
    private static final int COMMAND_LINE_HASH = 5;
    private static final int AUDIT_USER = 7;
    private static final int PARENT_EXECUTABLE = 8;
    private static final int PARENT_SHA256 = 9;
    /** The operating systems' value for "no id": all bits set. */
    private static final int NO_ID = -1;

    private DetailCodec() {}

    /** Encodes the details of a process. Each detail that isn't empty gets a salt of 16 bytes. */
    static List<Detail> details(ProcessIdentity who, Supplier<Bytes> salts) {
        List<Detail> details = new ArrayList<>(3);
        add(details, Detail.Kind.CODE, salts, fields(who.code()));
        add(details, Detail.Kind.PLACEMENT, salts, fields(who.workload()));
        add(details, Detail.Kind.PERSON, salts, fields(who.processContext()));
        return List.copyOf(details);
    }

    private static void add(List<Detail> details, Detail.Kind kind, Supplier<Bytes> salts, Fields.Writer fields) {
        if (!fields.isEmpty()) {
            details.add(new Detail.Open(new Opening(kind, salts.get(), fields.toBytes())));
        }
    }

    static Fields.Writer fields(Code code) {
        Fields.Writer fields = new Fields.Writer()
                .putText(EXECUTABLE, code.executable())
                .putBytes(SHA256, code.sha256())
                .putText(COMMAND, code.command())
                .putText(SIGNING_ID, code.signature().signingId())
                .putText(TEAM_ID, code.signature().teamId())
                .putBytes(CDHASH, code.signature().cdhash());
        code.file()
                .ifPresent(file ->
                        fields.put(FILE, 16).i32(file.major()).i32(file.minor()).i64(file.inode()));
        code.state().ifPresent(state -> fields.put(STATE, 1).u8(state.code()));
        return fields.putText(SCRIPT, code.script());
    }

    static Fields.Writer fields(Workload workload) {
        Fields.Writer fields = new Fields.Writer()
                .putBytes(BOOT_ID, workload.bootId())
                .putText(CGROUP, workload.cgroup())
                .putText(UNIT, workload.unit())
                .putText(CONTAINER, workload.container());
        workload.pod()
                .ifPresent(pod ->
                        fields.put(POD, 16).i64(pod.getMostSignificantBits()).i64(pod.getLeastSignificantBits()));
        workload.namespaces()
                .network()
                .ifPresent(inode -> fields.put(NETWORK_NAMESPACE, 8).i64(inode));
        workload.namespaces()
                .pid()
                .ifPresent(inode -> fields.put(PID_NAMESPACE, 8).i64(inode));
        return fields;
    }

    static Fields.Writer fields(ProcessContext processContext) {
        Fields.Writer fields = new Fields.Writer().putText(USER_NAME, processContext.userName());
        processContext
                .audit()
                .session()
                .ifPresent(session -> fields.put(AUDIT_SESSION, 4).i32((int) session));
        processContext
                .parent()
                .ifPresent(parent -> fields.put(PARENT, 12).i32(parent.pid()).i64(parent.startTime()));
        fields.putBytes(AUDIT_TOKEN, processContext.audit().token())
                .putBytes(COMMAND_LINE_HASH, processContext.commandLineHash());
        processContext
                .audit()
                .user()
                .ifPresent(user -> fields.put(AUDIT_USER, 4).i32((int) user));
        return fields.putText(PARENT_EXECUTABLE, processContext.parentExecutable())
                .putBytes(PARENT_SHA256, processContext.parentSha256());
    }

    /** Reads the open details of one block. */
    static final class Reader {
        private Code code = Code.UNKNOWN;
        private Workload workload = Workload.UNKNOWN;
        private ProcessContext processContext = ProcessContext.UNKNOWN;

        void read(Detail.Kind kind, ByteReader in) throws WireException {
            read(kind, Fields.read(in, "a detail"));
        }

        void read(Detail.Kind kind, Fields fields) throws WireException {
            switch (kind) {
                case CODE -> code = code(fields);
                case PLACEMENT -> workload = workload(fields);
                case PERSON -> processContext = processContext(fields);
            }
        }

        /** Returns {@code core} with the details that were read. */
        ProcessIdentity process(ProcessIdentity core) {
            return new ProcessIdentity(
                    core.evidence(), core.system(), core.process(), core.credentials(), code, workload, processContext);
        }

        /** Returns {@code details} with their decoded content. */
        DetailSection section(List<Detail> details) {
            return new DetailSection(details, code, workload, processContext);
        }
    }

    // In the order of the tags, so that the first of several malformed fields is reported.

    private static Code code(Fields fields) throws WireException {
        Optional<String> executable = fields.text(EXECUTABLE, "executable path");
        Optional<Bytes> sha256 = fields.bytes(SHA256, 32, "executable's SHA-256");
        Optional<String> command = fields.text(COMMAND, "command name");
        AppleSignature signature = new AppleSignature(
                fields.text(SIGNING_ID, "signing id"),
                fields.text(TEAM_ID, "team id"),
                fields.bytes(CDHASH, 20, "cdhash"));
        return new Code(
                executable,
                sha256,
                command,
                file(fields),
                state(fields),
                signature,
                fields.text(SCRIPT, "script path"));
    }

    private static Optional<FileId> file(Fields code) throws WireException {
        Optional<ByteReader> field = code.optional(FILE, 16, "device and inode");
        if (field.isEmpty()) {
            return Optional.empty();
        }
        ByteReader numbers = field.get();
        return Optional.of(new FileId(numbers.i32("major"), numbers.i32("minor"), numbers.i64("inode")));
    }

    private static Optional<ExecutableState> state(Fields code) throws WireException {
        Optional<ByteReader> field = code.optional(STATE, 1, "state of the executable");
        return field.isEmpty()
                ? Optional.empty()
                : Optional.of(OriginCodec.known(field.get(), "state of the executable", ExecutableState::ofCode));
    }

    private static Workload workload(Fields fields) throws WireException {
        return new Workload(
                fields.bytes(BOOT_ID, 16, "boot id"),
                fields.text(CGROUP, "cgroup path"),
                fields.text(UNIT, "unit"),
                fields.text(CONTAINER, "container id"),
                pod(fields),
                new Namespaces(
                        number(fields, NETWORK_NAMESPACE, "network namespace"),
                        number(fields, PID_NAMESPACE, "pid namespace")));
    }

    private static Optional<UUID> pod(Fields workload) throws WireException {
        Optional<ByteReader> field = workload.optional(POD, 16, "pod uid");
        return field.isEmpty()
                ? Optional.empty()
                : Optional.of(new UUID(field.get().i64("pod uid"), field.get().i64("pod uid")));
    }

    private static OptionalLong number(Fields fields, int tag, String name) throws WireException {
        Optional<ByteReader> field = fields.optional(tag, 8, name);
        return field.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(field.get().i64(name));
    }

    private static ProcessContext processContext(Fields fields) throws WireException {
        Optional<String> userName = fields.text(USER_NAME, "user name");
        OptionalLong session = auditId(fields, AUDIT_SESSION, "audit session");
        Optional<ProcessId> parent = OriginCodec.process(fields, PARENT, "parent");
        Optional<Bytes> token = fields.bytes(AUDIT_TOKEN, 32, "audit token");
        Optional<Bytes> commandLine = fields.bytes(COMMAND_LINE_HASH, 32, "keyed hash of the command line");
        OptionalLong user = auditId(fields, AUDIT_USER, "audit user");
        return new ProcessContext(
                userName,
                parent,
                commandLine,
                new Audit(user, session, token),
                fields.text(PARENT_EXECUTABLE, "path of the parent's executable"),
                fields.bytes(PARENT_SHA256, 32, "SHA-256 of the parent's executable"));
    }

    /** Reads an audit id. A missing id has one encoding: the field is left out. */
    private static OptionalLong auditId(Fields processContext, int tag, String name) throws WireException {
        Optional<ByteReader> field = processContext.optional(tag, 4, name);
        if (field.isEmpty()) {
            return OptionalLong.empty();
        }
        int at = field.get().offset();
        int id = field.get().i32(name);
        if (id == NO_ID) {
            throw new WireException(at, "the " + name + " is ffffffff, which means none: the field is left out then");
        }
        return OptionalLong.of(Integer.toUnsignedLong(id));
    }
}
