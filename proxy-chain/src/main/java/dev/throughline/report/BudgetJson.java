package dev.throughline.report;

import dev.throughline.budget.PoolView;
import java.util.List;

/** The places of a hop as JSON. */
public final class BudgetJson {
    private BudgetJson() {}

    /** One object with all pools, and how many flows wait. */
    public static String of(List<PoolView> pools, int waiting) {
        return Json.object(out -> {
            out.put("waiting", waiting);
            out.putAll("pools", pools, BudgetJson::write);
        });
    }

    private static void write(Json out, PoolView pool) {
        out.put("name", pool.name());
        out.put("in_use", pool.inUse());
        out.put("evicted", pool.evicted());
        out.put("open", pool.open());
        out.put("capacity", pool.capacity());
    }
}
