package dev.throughline.platform.linux;

/** The user of this process. */
public final class OwnUser {
    private OwnUser() {}

    /**
     * Returns the effective user id, with which this process opens files. The owner of /proc/self may be root instead (proc(5);
     * prctl(2), PR_SET_DUMPABLE).
     */
    public static int uid() {
        return new Libc().geteuid();
    }
}
