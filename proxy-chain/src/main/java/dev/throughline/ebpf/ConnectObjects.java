package dev.throughline.ebpf;

import dev.throughline.os.BpfCode;
import dev.throughline.os.BpfLink;
import dev.throughline.os.BpfMap;
import dev.throughline.os.BpfProgram;
import dev.throughline.os.BpfProgram.Hook;
import dev.throughline.os.OsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The tables of {@link ConnectNotes} in the kernel, and what keeps the programs attached that fill them. */
final class ConnectObjects implements AutoCloseable {
    private static final String BY_COOKIE = "connect_cookie";
    private static final String BY_TUPLE = "connect_tuple";
    private static final String LINK = "link_";

    private static final List<Hook> CALLER_HOOKS =
            List.of(Hook.CONNECT_IPV4, Hook.CONNECT_IPV6, Hook.SEND_IPV4, Hook.SEND_IPV6);

    private final BpfMap byCookie;
    private final BpfMap byTuple;
    private final List<BpfLink> links = new ArrayList<>();

    private ConnectObjects(BpfMap byCookie, BpfMap byTuple) {
        this.byCookie = byCookie;
        this.byTuple = byTuple;
    }

    private static BpfMap.Shape shape(int keyBytes, int capacity) {
        return new BpfMap.Shape(BpfMap.Type.LRU_HASH, keyBytes, ConnectRecord.BYTES, capacity);
    }

    /** New ones, attached; if that fails nothing is left. */
    static ConnectObjects attach(Path cgroup, int capacity, Optional<KernelLayout> layout) throws OsException {
        ConnectObjects objects = create(
                () -> BpfMap.create(shape(ConnectCode.COOKIE_BYTES, capacity), BY_COOKIE),
                () -> BpfMap.create(shape(ConnectCode.TUPLE_BYTES, capacity), BY_TUPLE));
        try {
            for (Hook hook : CALLER_HOOKS) {
                objects.attach(hook, ConnectCode.caller(layout), "connect_caller", cgroup);
            }
            objects.attach(Hook.SOCKET_EVENTS, ConnectCode.connection(layout), "connect_tuple", cgroup);
            return objects;
        } catch (OsException e) {
            objects.close();
            throw e;
        }
    }

    /** Those that were pinned in a folder. */
    static ConnectObjects open(Path folder) throws OsException {
        ConnectObjects objects = create(
                () -> BpfMap.open(folder.resolve(BY_COOKIE), shape(ConnectCode.COOKIE_BYTES, 0)),
                () -> BpfMap.open(folder.resolve(BY_TUPLE), shape(ConnectCode.TUPLE_BYTES, 0)));
        try {
            for (int i = 0; i <= CALLER_HOOKS.size(); i++) {
                objects.links.add(BpfLink.open(folder.resolve(LINK + i)));
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

    private static ConnectObjects create(Table byCookie, Table byTuple) throws OsException {
        BpfMap first = byCookie.get();
        try {
            return new ConnectObjects(first, byTuple.get());
        } catch (OsException e) {
            first.close();
            throw e;
        }
    }

    private void attach(Hook hook, BpfCode code, String name, Path cgroup) throws OsException {
        try (BpfProgram program = BpfProgram.load(hook, code, List.of(byCookie, byTuple), name)) {
            links.add(program.attach(cgroup));
        }
    }

    /** Gives all of them names in a folder, in which there are none yet. */
    void pin(Path folder) throws OsException {
        byCookie.pin(folder.resolve(BY_COOKIE));
        byTuple.pin(folder.resolve(BY_TUPLE));
        for (int i = 0; i < links.size(); i++) {
            links.get(i).pin(folder.resolve(LINK + i));
        }
    }

    /** Whether all programs still run. */
    boolean areAttached() throws OsException {
        for (BpfLink link : links) {
            if (!link.isAttached()) {
                return false;
            }
        }
        return true;
    }

    /** Whether no connection has begun unnoticed: what is detached is never attached again. */
    boolean seesConnections() throws OsException {
        return links.getLast().isAttached();
    }

    BpfMap byCookie() {
        return byCookie;
    }

    BpfMap byTuple() {
        return byTuple;
    }

    @Override
    public void close() {
        links.forEach(BpfLink::close);
        byTuple.close();
        byCookie.close();
    }
}
