package dev.throughline.transport;

import io.netty.channel.ConnectTimeoutException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.util.Optional;

/** Thrown, through {@link ConnectResult#failed}, if the connection was not opened. */
public final class ConnectFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ConnectFailure failure;
    private final String code;
    private final String detail;

    private ConnectFailedException(ConnectFailure failure, String code, String detail) {
        super(code + ": " + detail, null, false, false);
        this.failure = failure;
        this.code = code;
        this.detail = detail;
    }

    static ConnectFailedException of(ConnectFailure failure, String detail) {
        return new ConnectFailedException(failure, failure.toString(), detail);
    }

    /** Returns the failure that an agent reported with {@code code}, which is kept for the log if this hop does not know it. */
    static ConnectFailedException reportedByAgent(String code) {
        return new ConnectFailedException(ConnectFailure.reportedAs(code), code, "reported by the agent");
    }

    /**
     * Returns the failure for an attempt that an agent did not finish by the deadline.
     *
     * @param waiting the last reason that the agent gave for waiting; without one it waits for the destination
     */
    static ConnectFailedException late(Optional<String> waiting) {
        boolean ofDestination = waiting.map(
                        code -> ConnectFailure.reportedAs(code).blame())
                .map(ConnectFailure.Blame.DESTINATION::equals)
                .orElse(true);
        return of(
                ofDestination ? ConnectFailure.START_UNANSWERED : ConnectFailure.START_TIMEOUT,
                waiting.map(reason -> "waiting: " + reason).orElse("no answer"));
    }

    /** Returns the failure that the kernel, or Netty's own timer, reported for a connection to {@code destination}. */
    static ConnectFailedException bySystem(Throwable problem, InetSocketAddress destination) {
        int errno = SystemError.of(problem).orElse(0);
        return switch (errno) {
            case SystemError.EMFILE, SystemError.ENFILE, SystemError.ENOMEM, SystemError.ENOBUFS, SystemError.ENOSPC ->
                shortage(errno);
            case SystemError.EADDRNOTAVAIL -> SourceAddress.existsFor(destination) ? noPorts() : noAddress();
            default -> of(failure(problem, errno), SystemError.text(problem, destination));
        };
    }

    /** Returns the failure for an error that means that this process or host lacks a resource for a socket. */
    static ConnectFailedException shortage(int errno) {
        return of(
                SystemError.isOfDescriptors(errno) ? ConnectFailure.NO_DESCRIPTORS : ConnectFailure.NO_SOCKETS,
                SystemError.shortage(errno));
    }

    private static ConnectFailedException noPorts() {
        return of(
                ConnectFailure.NO_PORTS,
                "this host has no source port left for it (widen net.ipv4.ip_local_port_range, or give it another"
                        + " address to connect to)");
    }

    private static ConnectFailedException noAddress() {
        return of(ConnectFailure.CONNECT_UNREACHABLE, "this host has no source address to reach it from");
    }

    private static ConnectFailure failure(Throwable problem, int errno) {
        return switch (problem) {
            case ConnectTimeoutException timeout -> ConnectFailure.CONNECT_TIMEOUT;
            case NoRouteToHostException noRoute -> ConnectFailure.CONNECT_UNREACHABLE;
            default ->
                switch (errno) {
                    case SystemError.ECONNREFUSED -> ConnectFailure.CONNECT_REFUSED;
                    case SystemError.ENETUNREACH, SystemError.EHOSTUNREACH -> ConnectFailure.CONNECT_UNREACHABLE;
                    default -> ConnectFailure.CONNECT_FAILED;
                };
        };
    }

    public ConnectFailure failure() {
        return failure;
    }

    /** Returns the code of the failure, or the agent's own for {@link ConnectFailure#AGENT_FAILED}. */
    public String code() {
        return code;
    }

    /** Returns the detail for the log. */
    public String detail() {
        return detail;
    }

    /** Returns code and detail. */
    public String text() {
        return code + ": " + detail;
    }
}
