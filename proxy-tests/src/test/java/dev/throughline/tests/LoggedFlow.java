package dev.throughline.tests;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import java.net.InetSocketAddress;

/** How foreign programs are told to name a flow in their logs. */
final class LoggedFlow {
    private LoggedFlow() {}

    static String of(Tuple flow) {
        return "for " + end(flow.source()) + " -> " + end(flow.destination());
    }

    static String end(InetSocketAddress end) {
        return InetAddresses.toAddrString(end.getAddress()) + " " + end.getPort();
    }
}
