package dev.throughline.originator;

import java.util.Objects;
import java.util.Optional;

/**
 * The identity of the process behind a socket, with the evidence for it. Parts that could not be determined are empty: unknown
 * rather than wrong.
 *
 * @param evidence how it was determined
 * @param system the operating system, which defines what a process id is
 * @param process the process instance
 * @param credentials its user and group
 * @param code the code that it ran
 * @param workload its boot, unit and container
 * @param processContext its user name, parent and audit identity
 */
public record ProcessIdentity(
        Evidence evidence,
        OperatingSystem system,
        Optional<ProcessId> process,
        Optional<Credentials> credentials,
        Code code,
        Workload workload,
        ProcessContext processContext) {

    /**
     * Returns the identity of an unknown process.
     *
     * @param evidence why it is unknown
     * @param system where it runs
     * @return an identity with nothing but evidence and system
     */
    public static ProcessIdentity unknown(Evidence evidence, OperatingSystem system) {
        return new ProcessIdentity(
                evidence,
                system,
                Optional.empty(),
                Optional.empty(),
                Code.UNKNOWN,
                Workload.UNKNOWN,
                ProcessContext.UNKNOWN);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ProcessIdentity that
                && evidence == that.evidence
                && system == that.system
                && process.equals(that.process)
                && credentials.equals(that.credentials)
                && code.equals(that.code)
                && workload.equals(that.workload)
                && processContext.equals(that.processContext);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return Objects.hash(evidence, system, process, credentials, code, workload, processContext);
    }
}
