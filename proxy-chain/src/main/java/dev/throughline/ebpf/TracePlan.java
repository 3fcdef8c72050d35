package dev.throughline.ebpf;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import dev.throughline.os.OsException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which parts the notes of this kernel have.
 *
 * @param layout where the kernel keeps what it shows
 * @param parts those that are noted
 * @param missing those that aren't, with what the kernel said
 */
record TracePlan(
        Optional<KernelLayout> layout, ImmutableSet<TracePart> parts, ImmutableMap<TracePart, String> missing) {
    /** The parts for which the kernel's own pointers are followed. */
    private static final Set<TracePart> BY_LAYOUT =
            Sets.immutableEnumSet(TracePart.PROCESS, TracePart.PARENT, TracePart.SOCKET, TracePart.EXEC);

    /** Gives the kernel the programs of a plan, to see whether it takes them. */
    interface Trial {
        void load(TracePlan plan) throws OsException;
    }

    /**
     * The most that the kernel takes: all parts, or each that it takes alone.
     *
     * @throws OsException if it doesn't even take the rest
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

    /** Where the kernel keeps what is noted of it. */
    KernelLayout kernel() {
        return layout.orElseThrow();
    }
}
