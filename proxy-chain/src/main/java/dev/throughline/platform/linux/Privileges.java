package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;

/**
 * The capabilities of the calling thread and of threads that it starts later (capabilities(7): each thread has its own
 * set, which new threads inherit). Threads that the virtual machine started before keep theirs.
 */
public final class Privileges {
    /** Two words for each of three sets (linux/capability.h, _LINUX_CAPABILITY_VERSION_3). */
    private static final int VERSION = 0x2008_0522;

    private static final int EFFECTIVE = 0;
    private static final int PERMITTED = 4;
    private static final int INHERITABLE = 8;
    private static final int WORD_BYTES = 12;

    private Privileges() {}

    /**
     * Drops all capabilities permanently except those in {@code needed}. Programs that it executes inherit no more than
     * it did itself; as root they get root's.
     *
     * @return the remaining capabilities
     * @throws OsException if the kernel refuses
     */
    public static Set<Capability> keepOnly(Set<Capability> needed) throws OsException {
        Libc libc = new Libc();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(8, 4);
            header.set(JAVA_INT, 0, VERSION);
            MemorySegment data = arena.allocate(2 * WORD_BYTES, 4);
            if (libc.capget(header, data) != 0) {
                throw libc.failure("capget");
            }
            long keep = 0;
            for (Capability capability : needed) {
                keep |= capability.mask();
            }
            long permitted = keep & get(data, PERMITTED);
            set(data, EFFECTIVE, permitted);
            set(data, PERMITTED, permitted);
            set(data, INHERITABLE, keep & get(data, INHERITABLE));
            if (libc.capset(header, data) != 0) {
                throw libc.failure("capset");
            }
            Set<Capability> kept = EnumSet.noneOf(Capability.class);
            for (Capability capability : needed) {
                if ((permitted & capability.mask()) != 0) {
                    kept.add(capability);
                }
            }
            return kept;
        }
    }

    private static long get(MemorySegment data, int at) {
        return Integer.toUnsignedLong(data.get(JAVA_INT, at))
                | Integer.toUnsignedLong(data.get(JAVA_INT, WORD_BYTES + at)) << 32;
    }

    private static void set(MemorySegment data, int at, long bits) {
        data.set(JAVA_INT, at, (int) bits);
        data.set(JAVA_INT, WORD_BYTES + at, (int) (bits >>> 32));
    }
}
