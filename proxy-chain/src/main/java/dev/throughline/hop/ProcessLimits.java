package dev.throughline.hop;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * The resource limits of this process.
 *
 * @param descriptors maximum number (RLIMIT_NOFILE, getrlimit(2)); the JVM raises the soft limit to the hard one
 * @param openDescriptors number open now: standard streams, libraries, runtime image
 * @param heapBytes maximum size of the heap
 * @param directBytes maximum size of Netty's direct buffers
 * @param processors number of processors that this process may use
 */
public record ProcessLimits(long descriptors, long openDescriptors, long heapBytes, long directBytes, int processors) {

    /** Returns the limits of this process. */
    public static ProcessLimits ofThisProcess() {
        if (!(ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix)) {
            throw new IllegalStateException("a hop runs on Linux");
        }
        long descriptors = unix.getMaxFileDescriptorCount();
        return new ProcessLimits(
                // RLIM_INFINITY is a negative number here.
                descriptors < 0 ? Long.MAX_VALUE : descriptors,
                unix.getOpenFileDescriptorCount(),
                Runtime.getRuntime().maxMemory(),
                directMemory(),
                Runtime.getRuntime().availableProcessors());
    }

    /**
     * Calculates the limit as Netty's PlatformDependent does. That class isn't called, because its initialiser uses the
     * temporary directory before {@link NativeLibrary} has chosen one.
     */
    private static long directMemory() {
        long set = Long.getLong("io.netty.maxDirectMemory", -1);
        if (set > 0) {
            return set;
        }
        long option = Long.parseLong(ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("MaxDirectMemorySize")
                .getValue());
        return option > 0 ? option : Runtime.getRuntime().maxMemory();
    }
}
