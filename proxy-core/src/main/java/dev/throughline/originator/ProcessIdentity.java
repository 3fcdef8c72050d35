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
 */
public record ProcessIdentity(
        Evidence evidence,
        OperatingSystem system,
        Optional<ProcessId> process,
        Optional<Credentials> credentials,
        Code code,
        Placement placement,
        Person person) {

    /** A process that nobody could name; {@code evidence} says why. */
    public static ProcessIdentity unknown(Evidence evidence, OperatingSystem system) {
        return new ProcessIdentity(
                evidence, system, Optional.empty(), Optional.empty(), Code.UNKNOWN, Placement.UNKNOWN, Person.UNKNOWN);
    }
}
