package dev.throughline.flow;

import dev.throughline.relay.RelayResult;
import dev.throughline.transport.ConnectFailure;
import java.util.Locale;

/** The reason for which a flow ended. Each flow has exactly one, in its log line, its metric and its row of the table. */
public enum CloseReason {
    COMPLETED("both sides finished, and acknowledged all data"),
    INBOUND_RESET("the side that opened the flow reset it, or disappeared"),
    OUTBOUND_RESET("the next hop or the destination reset it, or disappeared"),
    INBOUND_TIMEOUT("the side that opened the flow stopped answering"),
    OUTBOUND_TIMEOUT("the next hop or the destination stopped answering"),
    IDLE_TIMEOUT("no data for the idle timeout"),
    HALF_CLOSED_TIMEOUT("one side had finished, and no data for the half-closed timeout"),
    NOT_INTERCEPTED("connected to the listener directly, not intercepted"),
    PEER_NOT_ALLOWED("not from a proxy in the peers of this listener"),
    AGENT_NOT_ALLOWED("not from an agent in the agents of this listener"),
    NO_ORIGINAL_DESTINATION("the kernel does not know its original destination"),
    NO_TRUE_SOURCE("the kernel does not know its original source"),
    OWNER_UNKNOWN("can't verify that the previous hop owns it"),
    OWNER_MISMATCH("owned by another process than the previous hop"),
    LOOP("this hop already forwarded it"),
    HEADER_MALFORMED("no readable header"),
    HEADER_INCOMPLETE("closed before its header was complete"),
    HEADER_TIMEOUT("its header did not arrive in time"),
    HEADER_BUDGET("its peer has too many unfinished headers"),
    HEADER_FAILURES("too many headers of its peer have failed"),
    HEADER_REJECTED("its header failed verification"),
    HEADER_SIGNED("a signed header on a listener for unsigned headers"),
    HEADER_WITHOUT_FLOW("its header names no TCP flow"),
    HEALTH_CHECK("a health check: closed before its first byte, or with a LOCAL header"),
    DESTINATION_MISMATCH("the original destination differs from that of the verified origin"),
    DESTINATION_NOT_HERE("its destination is local to another host"),
    POLICY_DENIED("denied by a policy rule"),
    NO_SLOT("no transport has a free slot that is not reserved for others"),
    CLASS_LIMIT("its class has reached the limit of flows of its originator or to its destination"),
    PREEMPTED("the newest flow of the originator with most flows, closed for one below its guaranteed share"),
    EVICTED("idle, closed as its originator has more than its share and others need the slot"),
    MEMORY_PRESSURE("buffers were full and the flows of its user held most of them, or no memory was left"),
    START_FAILED("the transport failed to open its connection, and no other transport is allowed"),
    NO_DESCRIPTORS("this process or host has no file descriptor left"),
    NO_PORTS("this host has no source port left for the next hop or the destination"),
    HEADER_TOO_LARGE("its header is larger than the next hop accepts"),
    TOO_MANY_FLOWS("the hop has reached its limit of flows"),
    CONNECT_TIMEOUT("the next hop or the destination did not answer in time"),
    CONNECT_REFUSED("the next hop or the destination refused it"),
    CONNECT_UNREACHABLE("the next hop or the destination is unreachable"),
    CONNECT_FAILED("the connection to the next hop or the destination failed"),
    DRAIN_DEADLINE("the hop is stopping, and its drain deadline expired"),
    STOPPED("the hop stopped"),
    INTERNAL_ERROR("internal error, see the log of the hop");

    private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');
    private final String meaning;

    CloseReason(String meaning) {
        this.meaning = meaning;
    }

    public String meaning() {
        return meaning;
    }

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
