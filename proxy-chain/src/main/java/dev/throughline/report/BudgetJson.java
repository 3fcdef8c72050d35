package dev.throughline.report;

import dev.throughline.budget.PoolView;
import dev.throughline.transport.TransportView;
import java.util.List;

/** The JSON form of a hop's budget. */
public final class BudgetJson {
    private BudgetJson() {}

    /** Returns one object with all pools, the number of waiting flows, and the transports. */
    public static String of(List<PoolView> pools, int waiting, List<TransportView> transports) {
        return Json.object(out -> {
            out.put("waiting", waiting);
            out.putAll("pools", pools, BudgetJson::write);
            out.putAll("transports", transports, BudgetJson::write);
        });
    }

    private static void write(Json out, TransportView transport) {
        out.put("name", transport.name());
        out.put("carries_originator", transport.carriesOriginator());
        out.put("breaker", transport.breaker().toString());
        transport.trouble().ifPresent(why -> out.put("trouble", why));
    }

    private static void write(Json out, PoolView pool) {
        out.put("name", pool.name());
        out.put("in_use", pool.inUse());
        out.put("evicted", pool.evicted());
        out.put("open", pool.open());
        out.put("capacity", pool.capacity());
    }
}
