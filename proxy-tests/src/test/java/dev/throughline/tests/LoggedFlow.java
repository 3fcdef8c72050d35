package dev.throughline.tests;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import java.net.InetSocketAddress;

/** The log format with which other programs identify a flow. */
final class LoggedFlow {
    private LoggedFlow() {}

    static String of(Tuple flow) {
        return "for " + end(flow.source()) + " -> " + end(flow.destination());
    }

    static String end(InetSocketAddress end) {
        return InetAddresses.toAddrString(end.getAddress()) + " " + end.getPort();
    }
}
