package dev.throughline.cli;

/** The exit statuses of all commands. */
public final class ExitCode {
    public static final int OK = 0;
    public static final int FAILURE = 1;
    public static final int USAGE = 2;
    public static final int CONFIGURATION = 3;
    public static final int UNREACHABLE = 4;
    public static final int NOT_VERIFIED = 5;
    public static final int DOCTOR_FOUND_ERRORS = 6;
    public static final int DENIED_BY_POLICY = 7;
    public static final int NOBODY_NAMED = 8;
    public static final int THREAD_DIED = 9;

    private ExitCode() {}
}
