package dev.throughline.identify.ebpf;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import dev.throughline.platform.linux.OsException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The parts of tracing that this kernel supports.
 *
 * @param layout offsets of the kernel's structures
 * @param parts the supported parts
 * @param missing the unsupported parts with the kernel's error
 */
record TracePlan(
        Optional<KernelLayout> layout, ImmutableSet<TracePart> parts, ImmutableMap<TracePart, String> missing) {
    /** Parts that follow pointers in the kernel. */
    private static final Set<TracePart> BY_LAYOUT =
            Sets.immutableEnumSet(TracePart.PROCESS, TracePart.PARENT, TracePart.SOCKET, TracePart.EXEC);

    /** A test of whether the kernel accepts the programs of a plan. */
    interface Trial {
        void load(TracePlan plan) throws OsException;
    }

    /**
     * Returns the largest plan that the kernel accepts: all parts, or each part that it accepts alone.
     *
     * @throws OsException if the kernel doesn't accept the mandatory part
     */
    static TracePlan most(Optional<KernelLayout> layout, Trial trial) throws OsException {
        Map<TracePart, String> missing = new EnumMap<>(TracePart.class);
        Set<TracePart> parts = EnumSet.allOf(TracePart.class);
        if (layout.isEmpty()) {
            BY_LAYOUT.forEach(part -> missing.put(part, "the kernel exports no BTF (/sys/kernel/btf/vmlinux)"));
        } else if (!layout.get().hasAll(KernelLayout.OF_EXEC)) {
            missing.put(TracePart.EXEC, "this kernel's BTF lacks the arguments of exec(2)");
        }
        parts.removeAll(missing.keySet());
        try {
            return tried(layout, parts, missing, trial);
        } catch (OsException notAll) {
            for (TracePart part : Set.copyOf(parts)) {
                try {
                    tried(layout, EnumSet.of(part), Map.of(), trial);
                } catch (OsException refused) {
                    parts.remove(part);
                    missing.put(part, String.valueOf(refused.getMessage()));
                }
            }
            try {
                return tried(layout, parts, missing, trial);
            } catch (OsException notTogether) {
                parts.forEach(part -> missing.put(part, String.valueOf(notTogether.getMessage())));
                return tried(layout, Set.of(), missing, trial);
            }
        }
    }

    private static TracePlan tried(
            Optional<KernelLayout> layout, Set<TracePart> parts, Map<TracePart, String> missing, Trial trial)
            throws OsException {
        TracePlan plan = new TracePlan(layout, Sets.immutableEnumSet(parts), ImmutableMap.copyOf(missing));
        trial.load(plan);
        return plan;
    }

    boolean has(TracePart part) {
        return parts.contains(part);
    }

    /** Returns the offsets for a part. */
    KernelLayout kernel() {
        return layout.orElseThrow();
    }
}
