package dev.throughline.flow;

import dev.throughline.relay.RelayResult;
import dev.throughline.transport.ConnectFailure;
import java.util.Locale;

/** The reason for which a flow ended. Each flow has exactly one, in its log line, its metric and its row of the table. */
public enum CloseReason {
    /** Both sides finished, and acknowledged all data. */
    COMPLETED,
    /** The side that opened the flow reset it, or disappeared. */
    INBOUND_RESET,
    /** The next hop or the destination reset it, or disappeared. */
    OUTBOUND_RESET,
    /** The side that opened the flow stopped answering. */
    INBOUND_TIMEOUT,
    /** The next hop or the destination stopped answering. */
    OUTBOUND_TIMEOUT,
    /** No data for the idle timeout. */
    IDLE_TIMEOUT,
    /** One side had finished, and no data for the half-closed timeout. */
    HALF_CLOSED_TIMEOUT,
    /** Connected to the listener directly, not intercepted. */
    NOT_INTERCEPTED,
    /** Not from a proxy in the peers of this listener. */
    PEER_NOT_ALLOWED,
    /** Not from an agent in the agents of this listener. */
    AGENT_NOT_ALLOWED,
    /** The kernel does not know its original destination. */
    NO_ORIGINAL_DESTINATION,
    /** The kernel does not know its original source. */
    NO_TRUE_SOURCE,
    /** Can't verify that the previous hop owns it. */
    OWNER_UNKNOWN,
    /** Owned by another process than the previous hop. */
    OWNER_MISMATCH,
    /** This hop already forwarded it. */
    LOOP,
    /** No readable header. */
    HEADER_MALFORMED,
    /** Closed before its header was complete. */
    HEADER_INCOMPLETE,
    /** Its header did not arrive in time. */
    HEADER_TIMEOUT,
    /** Its peer has too many unfinished headers. */
    HEADER_BUDGET,
    /** Too many headers of its peer have failed. */
    HEADER_FAILURES,
    /** Its header failed verification. */
    HEADER_REJECTED,
    /** A signed header on a listener for unsigned headers. */
    HEADER_SIGNED,
    /** Its header names no TCP flow. */
    HEADER_WITHOUT_FLOW,
    /** A health check: closed before its first byte, or with a LOCAL header. */
    HEALTH_CHECK,
    /** The original destination differs from that of the verified origin. */
    DESTINATION_MISMATCH,
    /** Its destination is local to another host. */
    DESTINATION_NOT_HERE,
    /** Denied by a policy rule. */
    POLICY_DENIED,
    /** No transport has a free slot that is not reserved for others. */
    NO_SLOT,
    /** Its class has reached the limit of flows of its originator or to its destination. */
    CLASS_LIMIT,
    /** The newest flow of the originator with most flows, closed for one below its guaranteed share. */
    PREEMPTED,
    /** Idle, closed as its originator has more than its share and others need the slot. */
    EVICTED,
    /** Buffers were full and the flows of its user held most of them, or no memory was left. */
    MEMORY_PRESSURE,
    /** The transport failed to open its connection, and no other transport is allowed. */
    START_FAILED,
    /** This process or host has no file descriptor left. */
    NO_DESCRIPTORS,
    /** This host has no source port left for the next hop or the destination. */
    NO_PORTS,
    /** Its header is larger than the next hop accepts. */
    HEADER_TOO_LARGE,
    /** The hop has reached its limit of flows. */
    TOO_MANY_FLOWS,
    /** The next hop or the destination did not answer in time. */
    CONNECT_TIMEOUT,
    /** The next hop or the destination refused it. */
    CONNECT_REFUSED,
    /** The next hop or the destination is unreachable. */
    CONNECT_UNREACHABLE,
    /** The connection to the next hop or the destination failed. */
    CONNECT_FAILED,
    /** The hop is stopping, and its drain deadline expired. */
    DRAIN_DEADLINE,
    /** The hop stopped. */
    STOPPED,
    /** Internal error, see the log of the hop. */
    INTERNAL_ERROR;

    private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');

    static CloseReason of(RelayResult end) {
        return switch (end) {
            case COMPLETED -> COMPLETED;
            case INBOUND_RESET -> INBOUND_RESET;
            case OUTBOUND_RESET -> OUTBOUND_RESET;
            case INBOUND_TIMEOUT -> INBOUND_TIMEOUT;
            case OUTBOUND_TIMEOUT -> OUTBOUND_TIMEOUT;
            case IDLE -> IDLE_TIMEOUT;
            case HALF_CLOSED -> HALF_CLOSED_TIMEOUT;
            case NO_MEMORY -> MEMORY_PRESSURE;
            case ABORTED -> STOPPED;
        };
    }

    static CloseReason of(ConnectFailure failure) {
        return switch (failure) {
            case CONNECT_REFUSED -> CONNECT_REFUSED;
            case CONNECT_TIMEOUT, START_UNANSWERED -> CONNECT_TIMEOUT;
            case CONNECT_UNREACHABLE -> CONNECT_UNREACHABLE;
            case CONNECT_FAILED -> CONNECT_FAILED;
            case NO_DESCRIPTORS -> NO_DESCRIPTORS;
            case NO_PORTS -> NO_PORTS;
            case START_TIMEOUT,
                    GIVEN_UP,
                    AGENT_GONE,
                    AGENT_NOT_ALLOWED,
                    AGENT_MALFORMED,
                    AGENT_FAILED,
                    BREAKER_OPEN,
                    NOT_MARKED,
                    NO_SOCKETS -> START_FAILED;
        };
    }

    /** Returns the form that logs and metrics use, such as {@code connect-timeout}. */
    @Override
    public String toString() {
        return text;
    }
}
