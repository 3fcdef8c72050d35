package dev.throughline.tests;

import com.google.common.net.InetAddresses;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ThreadLocalRandom;

/** 256 loopback addresses that nobody else uses, so that fixed ports on them are free. */
record Loopback(int second, int third) {
    static Loopback own() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return new Loopback(random.nextInt(1, 255), random.nextInt(0, 256));
    }

    InetAddress address(int host) {
        return InetAddresses.forString("127.%d.%d.%d".formatted(second, third, host));
    }

    InetSocketAddress at(int host, int port) {
        return new InetSocketAddress(address(host), port);
    }

    /** The same, as a configuration has it. */
    String text(int host, int port) {
        return "127.%d.%d.%d:%d".formatted(second, third, host, port);
    }
}
