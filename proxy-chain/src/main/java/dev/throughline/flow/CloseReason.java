package dev.throughline.flow;

import dev.throughline.relay.RelayEnd;
import java.util.Locale;

/** Why a flow ended. Every flow ends with exactly one, which is its log line's, its metric's and its table row's. */
public enum CloseReason {
    COMPLETED("both sides finished, and each acknowledged all that the other had sent"),
    INBOUND_RESET("the side that opened the flow reset it, or is gone"),
    OUTBOUND_RESET("the next hop or the destination reset it, or is gone"),
    INBOUND_TIMEOUT("the side that opened the flow stopped answering"),
    OUTBOUND_TIMEOUT("the next hop or the destination stopped answering"),
    IDLE_TIMEOUT("no byte moved for the idle timeout"),
    HALF_CLOSED_TIMEOUT("one side had finished, and no byte moved for the half-closed timeout"),
    NOT_INTERCEPTED("the kernel didn't bring it here: somebody connected to the listener itself"),
    PEER_NOT_ALLOWED("it isn't from one of the proxies that this listener believes"),
    AGENT_NOT_ALLOWED("it isn't from one of the agents that this listener believes"),
    NO_ORIGINAL_DESTINATION("the kernel couldn't say where it was going"),
    NO_TRUE_SOURCE("the kernel couldn't say where it came from"),
    OWNER_UNKNOWN("the kernel couldn't say that the previous hop owns it"),
    OWNER_MISMATCH("the kernel says that another process than the previous hop owns it"),
    LOOP("this hop had it before"),
    HEADER_MALFORMED("it didn't begin with a readable header"),
    HEADER_INCOMPLETE("it ended before its header did"),
    HEADER_TIMEOUT("its header didn't arrive in time"),
    HEADER_BUDGET("its peer has too many unfinished headers"),
    HEADER_FAILURES("too many headers of its peer have failed"),
    HEADER_REJECTED("its header is not true"),
    HEADER_SIGNED("a listener for unsigned headers doesn't drop a signed one"),
    HEADER_WITHOUT_FLOW("its header names no TCP flow"),
    HEALTH_CHECK("somebody asked whether this hop answers: it ended before its first byte, or its header was LOCAL"),
    DESTINATION_MISMATCH("the kernel and the verified origin name different destinations"),
    DESTINATION_NOT_HERE("its destination is an address that means the host that named it, and this is another"),
    POLICY_DENIED("a rule of the policy denies it"),
    NO_PLACE("no transport has a place for it, or none but those reserved for others"),
    CLASS_LIMIT("its class has as many flows of its originator, or to its destination, as it may"),
    PREEMPTED(
            "it was the newest flow of the originator with the most, and one below its guaranteed share needed the place"),
    EVICTED("it was idle, its originator has more than its share, and others needed the place"),
    MEMORY_PRESSURE(
            "the buffers of this hop were full and its user's flows held most of them, or no memory was left for it"),
    START_FAILED("the transport couldn't start its connection, and no other may"),
    NO_DESCRIPTORS("this process or host may open no more files, and so no connection for it"),
    NO_PORTS("this host has no source port left towards the next hop or the destination"),
    HEADER_TOO_LARGE("its header doesn't fit what the next hop reads"),
    TOO_MANY_FLOWS("the hop has as many flows as it may"),
    CONNECT_TIMEOUT("the next hop or the destination didn't answer in time"),
    CONNECT_REFUSED("the next hop or the destination refused it"),
    CONNECT_UNREACHABLE("there is no way to the next hop or the destination"),
    CONNECT_FAILED("the connection onwards couldn't be made"),
    DRAIN_DEADLINE("the hop was told to stop, and its deadline came"),
    STOPPED("the hop was told to stop now"),
    INTERNAL_ERROR("this hop has a bug; its log says more");

    private final String meaning;

    CloseReason(String meaning) {
        this.meaning = meaning;
    }

    public String meaning() {
        return meaning;
    }

    static CloseReason of(RelayEnd end) {
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

    /** The form that logs and metrics use, such as {@code connect-timeout}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
