package dev.throughline.platform.linux;

import java.util.concurrent.ThreadFactory;

/** The nice value of threads: on Linux, setpriority(2) with 0 for "who" affects only the calling thread. */
public final class ThreadPriority {
    private static final int PRIO_PROCESS = 0;

    private ThreadPriority() {}

    /**
     * Returns a factory for threads with a nice value. It has no effect if the kernel refuses a value below that of the
     * process.
     *
     * @param nice from 0 to 19, the lowest priority
     */
    public static ThreadFactory nice(int nice, ThreadFactory threads) {
        return task -> threads.newThread(() -> {
            int _ = new Libc().setpriority(PRIO_PROCESS, 0, nice);
            task.run();
        });
    }
}
