package dev.throughline.originator;

import java.util.Optional;

/**
 * What is known of the process behind a socket, and by what evidence. Parts that could not be established are empty:
 * unknown rather than wrong.
 *
 * @param evidence how it is known
 * @param system whose notion of a process this is
 * @param process the instance
 * @param credentials its user and group
 * @param code which code it ran
 * @param workload where on its host
 * @param processContext for whom
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
     * A process that nobody could name.
     *
     * @param evidence why not
     * @param system where it runs
     * @return all of it unknown
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
}
