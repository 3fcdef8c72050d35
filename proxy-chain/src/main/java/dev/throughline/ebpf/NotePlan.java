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
record NotePlan(Optional<KernelLayout> layout, ImmutableSet<NotePart> parts, ImmutableMap<NotePart, String> missing) {
    /** The parts for which the kernel's own pointers are followed. */
    private static final Set<NotePart> BY_LAYOUT =
            Sets.immutableEnumSet(NotePart.PROCESS, NotePart.PARENT, NotePart.SOCKET, NotePart.EXEC);

    /** Gives the kernel the programs of a plan, to see whether it takes them. */
    interface Trial {
        void load(NotePlan plan) throws OsException;
    }

    /**
     * The most that the kernel takes: all parts, or each that it takes alone.
     *
     * @throws OsException if it doesn't even take the rest
     */
    static NotePlan most(Optional<KernelLayout> layout, Trial trial) throws OsException {
        Map<NotePart, String> missing = new EnumMap<>(NotePart.class);
        Set<NotePart> parts = EnumSet.allOf(NotePart.class);
        if (layout.isEmpty()) {
            BY_LAYOUT.forEach(part -> missing.put(part, "the kernel exports no BTF (/sys/kernel/btf/vmlinux)"));
        } else if (!layout.get().hasAll(KernelLayout.OF_EXEC)) {
            missing.put(NotePart.EXEC, "this kernel's BTF lacks the arguments of exec(2)");
        }
        parts.removeAll(missing.keySet());
        try {
            return tried(layout, parts, missing, trial);
        } catch (OsException notAll) {
            for (NotePart part : Set.copyOf(parts)) {
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

    private static NotePlan tried(
            Optional<KernelLayout> layout, Set<NotePart> parts, Map<NotePart, String> missing, Trial trial)
            throws OsException {
        NotePlan plan = new NotePlan(layout, Sets.immutableEnumSet(parts), ImmutableMap.copyOf(missing));
        trial.load(plan);
        return plan;
    }

    boolean has(NotePart part) {
        return parts.contains(part);
    }

    /** Where the kernel keeps what is noted of it. */
    KernelLayout kernel() {
        return layout.orElseThrow();
    }
}
