package dev.throughline.identify.ebpf;

import dev.throughline.platform.linux.BpfCode;
import dev.throughline.platform.linux.BpfLink;
import dev.throughline.platform.linux.BpfMap;
import dev.throughline.platform.linux.BpfProgram;
import dev.throughline.platform.linux.BpfProgram.Hook;
import dev.throughline.platform.linux.OsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The kernel tables of {@link ConnectTracer}, and the links of the programs that fill them. */
final class ConnectObjects implements AutoCloseable {
    static final String BY_COOKIE = "connect_cookie";
    private static final String BY_TUPLE = "connect_tuple";
    private static final String BY_USER = "connect_user";
    private static final String BY_SOURCE = "connect_source";
    private static final String BY_PID = "exec_pid";
    private static final String LINK = "link_";
    private static final String EXEC_LINK = "link_exec";
    /** Maximum number of processes whose last exec(2) is recorded; each takes about 350 bytes. */
    private static final int EXEC_CAPACITY = 16_384;
    /** Sources of connections that are starting; each is looked up as soon as its SYN has left. */
    private static final int SOURCES = 16_384;
    /** Users whose sockets in the current second are counted. */
    private static final int USERS = 4096;

    private static final List<Hook> CALLER_HOOKS =
            List.of(Hook.CONNECT_IPV4, Hook.CONNECT_IPV6, Hook.SEND_IPV4, Hook.SEND_IPV6);

    private final BpfMap byCookie;
    private final BpfMap byTuple;
    private final BpfMap byUser;
    private final BpfMap bySource;
    private final List<BpfLink> links = new ArrayList<>();
    private Optional<BpfMap> byPid = Optional.empty();
    private Optional<BpfLink> exec = Optional.empty();

    private ConnectObjects(BpfMap byCookie, BpfMap byTuple, BpfMap byUser, BpfMap bySource) {
        this.byCookie = byCookie;
        this.byTuple = byTuple;
        this.byUser = byUser;
        this.bySource = bySource;
    }

    private static BpfMap.Shape sourceShape(int capacity) {
        return new BpfMap.Shape(BpfMap.Type.LRU_HASH, ConnectCode.SOURCE_BYTES, ConnectCode.USER_BYTES, capacity);
    }

    private static BpfMap.Shape userShape(int capacity) {
        return new BpfMap.Shape(BpfMap.Type.LRU_HASH, ConnectCode.USER_BYTES, ConnectCode.RATE_BYTES, capacity);
    }

    private static BpfMap.Shape execShape(int capacity) {
        return new BpfMap.Shape(BpfMap.Type.LRU_HASH, ConnectCode.PID_BYTES, ExecRecord.BYTES, capacity);
    }

    /**
     * Returns the plan with the most parts that this kernel supports; attaches nothing.
     *
     * @throws OsException if the kernel supports no tracing
     */
    static TracePlan plan(Optional<KernelLayout> layout) throws OsException {
        try (ConnectObjects small = create(
                () -> BpfMap.create(shape(ConnectCode.COOKIE_BYTES, 1), BY_COOKIE),
                () -> BpfMap.create(shape(ConnectCode.TUPLE_BYTES, 1), BY_TUPLE),
                () -> BpfMap.create(userShape(1), BY_USER),
                () -> BpfMap.create(sourceShape(1), BY_SOURCE))) {
            small.byPid = Optional.of(BpfMap.create(execShape(1), BY_PID));
            return TracePlan.most(layout, small::load);
        }
    }

    private void load(TracePlan plan) throws OsException {
        program(Hook.CONNECT_IPV4, ConnectCode.caller(plan, ConnectTracer.PER_SECOND), "connect_caller")
                .close();
        program(Hook.SOCKET_EVENTS, ConnectCode.connection(plan), "connect_tuple")
                .close();
        if (plan.has(TracePart.EXEC)) {
            program(Hook.EXEC, ConnectCode.exec(plan.kernel()), "exec_script")
                    .traceExec()
                    .close();
        }
    }

    private BpfProgram program(Hook hook, BpfCode code, String name) throws OsException {
        List<BpfMap> tables = new ArrayList<>(List.of(byCookie, byTuple, byUser, bySource));
        byPid.ifPresent(tables::add);
        return BpfProgram.load(hook, code, tables, name);
    }

    private static BpfMap.Shape shape(int keyBytes, int capacity) {
        return new BpfMap.Shape(BpfMap.Type.LRU_HASH, keyBytes, ConnectRecord.BYTES, capacity);
    }

    /** Creates and attaches new objects; leaves nothing behind if that fails. */
    static ConnectObjects attach(Path cgroup, int capacity, int perSecond, TracePlan plan) throws OsException {
        ConnectObjects objects = create(
                () -> BpfMap.create(shape(ConnectCode.COOKIE_BYTES, capacity), BY_COOKIE),
                () -> BpfMap.create(shape(ConnectCode.TUPLE_BYTES, capacity), BY_TUPLE),
                () -> BpfMap.create(userShape(USERS), BY_USER),
                () -> BpfMap.create(sourceShape(SOURCES), BY_SOURCE));
        try {
            if (plan.has(TracePart.EXEC)) {
                objects.byPid = Optional.of(BpfMap.create(execShape(EXEC_CAPACITY), BY_PID));
                try (BpfProgram program = objects.program(Hook.EXEC, ConnectCode.exec(plan.kernel()), "exec_script")) {
                    objects.exec = Optional.of(program.traceExec());
                }
            }
            for (Hook hook : CALLER_HOOKS) {
                objects.attach(hook, ConnectCode.caller(plan, perSecond), "connect_caller", cgroup);
            }
            objects.attach(Hook.SOCKET_EVENTS, ConnectCode.connection(plan), "connect_tuple", cgroup);
            return objects;
        } catch (OsException e) {
            objects.close();
            throw e;
        }
    }

    /** Opens the pinned objects of a directory, which must have the same plan. */
    static ConnectObjects open(Path folder, TracePlan plan) throws OsException {
        ConnectObjects objects = create(
                () -> BpfMap.open(folder.resolve(BY_COOKIE), shape(ConnectCode.COOKIE_BYTES, 0)),
                () -> BpfMap.open(folder.resolve(BY_TUPLE), shape(ConnectCode.TUPLE_BYTES, 0)),
                () -> BpfMap.open(folder.resolve(BY_USER), userShape(0)),
                () -> BpfMap.open(folder.resolve(BY_SOURCE), sourceShape(0)));
        try {
            for (int i = 0; i <= CALLER_HOOKS.size(); i++) {
                objects.links.add(BpfLink.open(folder.resolve(LINK + i)));
            }
            if (plan.has(TracePart.EXEC)) {
                objects.byPid = Optional.of(BpfMap.open(folder.resolve(BY_PID), execShape(0)));
                objects.exec = Optional.of(BpfLink.open(folder.resolve(EXEC_LINK)));
            }
            return objects;
        } catch (OsException e) {
            objects.close();
            throw e;
        }
    }

    private interface Table {
        BpfMap get() throws OsException;
    }

    private static ConnectObjects create(Table byCookie, Table byTuple, Table byUser, Table bySource)
            throws OsException {
        List<BpfMap> made = new ArrayList<>();
        try {
            for (Table table : List.of(byCookie, byTuple, byUser, bySource)) {
                made.add(table.get());
            }
            return new ConnectObjects(made.get(0), made.get(1), made.get(2), made.get(3));
        } catch (OsException e) {
            made.forEach(BpfMap::close);
            throw e;
        }
    }

    private void attach(Hook hook, BpfCode code, String name, Path cgroup) throws OsException {
        try (BpfProgram program = program(hook, code, name)) {
            links.add(program.attach(cgroup));
        }
    }

    /** Pins all objects in a directory that has none yet. */
    void pin(Path folder) throws OsException {
        byCookie.pin(folder.resolve(BY_COOKIE));
        byTuple.pin(folder.resolve(BY_TUPLE));
        byUser.pin(folder.resolve(BY_USER));
        bySource.pin(folder.resolve(BY_SOURCE));
        for (int i = 0; i < links.size(); i++) {
            links.get(i).pin(folder.resolve(LINK + i));
        }
        if (byPid.isPresent() && exec.isPresent()) {
            byPid.get().pin(folder.resolve(BY_PID));
            exec.get().pin(folder.resolve(EXEC_LINK));
        }
    }

    /** Returns whether all programs are still attached. */
    boolean isAttached() throws OsException {
        for (BpfLink link : links) {
            if (!link.isAttached()) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether every connection was recorded so far: a detached program is never attached again. */
    boolean seesConnections() throws OsException {
        return links.getLast().isAttached();
    }

    BpfMap byTuple() {
        return byTuple;
    }

    /** Returns the table of users by the sources of their connections. */
    BpfMap bySource() {
        return bySource;
    }

    /** Returns the table of the last exec(2) of processes, by pid. */
    Optional<BpfMap> byPid() {
        return byPid;
    }

    @Override
    public void close() {
        exec.ifPresent(BpfLink::close);
        byPid.ifPresent(BpfMap::close);
        links.forEach(BpfLink::close);
        bySource.close();
        byUser.close();
        byTuple.close();
        byCookie.close();
    }
}
