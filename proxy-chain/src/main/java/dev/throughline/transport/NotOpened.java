package dev.throughline.transport;

import com.google.common.collect.ImmutableSet;
import java.util.Optional;

/** A connection that an agent didn't open, and why: how {@link NetworkFramework.Start#opened} fails. */
public final class NotOpened extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The reason for a start that was given up at its deadline. */
    public static final String START_TIMEOUT = "start-timeout";

    /** The reason for a start that its flow gave up. */
    public static final String GIVEN_UP = "given-up";

    /** The reason for an agent that isn't there, or went in the middle. */
    public static final String AGENT_GONE = "agent-gone";

    /** The reason for a process that this hop asks nothing. */
    public static final String AGENT_NOT_ALLOWED = "agent-not-allowed";

    /** The reason for an agent that doesn't keep to BRIDGE.md. */
    public static final String AGENT_MALFORMED = "agent-malformed";

    /** What an agent that tells it says of the destination. Any other reason says what its own side can't do. */
    private static final ImmutableSet<String> OF_DESTINATIONS =
            ImmutableSet.of("connect-refused", "connect-timeout", "connect-unreachable");

    private final String reason;
    private final String detail;
    private final Blame blame;

    /** Where it went wrong. */
    public enum Blame {
        /** On the way there: the agent, or its system; another way may do. */
        TRANSPORT,
        /** At the end of it, which is the same whatever the way. */
        DESTINATION
    }

    private NotOpened(String reason, String detail, Blame blame) {
        super(reason + ": " + detail, null, false, false);
        this.reason = reason;
        this.detail = detail;
        this.blame = blame;
    }

    /** One of the reasons above. */
    static NotOpened of(String reason, String detail) {
        return new NotOpened(reason, detail, Blame.TRANSPORT);
    }

    /** What the agent said. */
    static NotOpened failed(String reason) {
        return new NotOpened(reason, "the agent says so", blame(reason));
    }

    /**
     * The deadline came. Of a start that waits the agent says why; one that it says nothing of is on its way, and its destination
     * doesn't answer.
     *
     * @param waiting the last reason for which it waited
     */
    static NotOpened late(Optional<String> waiting) {
        return new NotOpened(
                START_TIMEOUT,
                waiting.map(reason -> "waiting: " + reason).orElse("no answer"),
                waiting.map(NotOpened::blame).orElse(Blame.DESTINATION));
    }

    private static Blame blame(String reason) {
        return OF_DESTINATIONS.contains(reason) ? Blame.DESTINATION : Blame.TRANSPORT;
    }

    /** The agent's own, or one of those above; in the form of a close reason. */
    public String reason() {
        return reason;
    }

    /** What was found, for the log. */
    public String detail() {
        return detail;
    }

    public Blame blame() {
        return blame;
    }
}
