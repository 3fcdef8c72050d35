package dev.throughline.tests;

import dev.throughline.demo.Namespace;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A counter at the end of a link of the TCP packets from ports of applications: none may have a byte of payload, since the
 * hop's own connections come from other ports.
 */
final class LeakDetector {
    private final Namespace far;

    /** @param ports of applications, as nft writes a range */
    LeakDetector(Namespace far, String ports) throws IOException {
        this.far = far;
        StringBuilder rules = new StringBuilder();
        // The data offset of a TCP header says how many 32-bit words it has (RFC 9293, section 3.1).
        for (int words = 5; words <= 15; words++) {
            rules.append(
                    "tcp sport %s @th,96,4 %d ip length > %d add @ports { tcp sport } counter name leaked4 accept;%n"
                            .formatted(ports, words, 20 + 4 * words));
            rules.append(
                    "tcp sport %s @th,96,4 %d ip6 length > %d add @ports { tcp sport } counter name leaked6 accept;%n"
                            .formatted(ports, words, 4 * words));
        }
        far.run("nft", """
                table inet leaks {
                  counter leaked4 {}
                  counter leaked6 {}
                  counter opening {}
                  counter bare {}
                  counter others {}
                  set ports { type inet_service; flags dynamic; }
                  chain in {
                    type filter hook prerouting priority -300;
                    %s
                    tcp sport %s tcp flags & (syn | ack) == syn counter name opening accept
                    tcp sport %s counter name bare accept
                    ip protocol tcp counter name others
                    ip6 nexthdr tcp counter name others
                  }
                }""".formatted(rules, ports, ports));
    }

    /** Returns the number of packets with payload. */
    long leaked() throws IOException {
        return leaked4() + leaked6();
    }

    long leaked4() throws IOException {
        return count("leaked4");
    }

    long leaked6() throws IOException {
        return count("leaked6");
    }

    /** Returns the number of first packets of connections, without payload. */
    long opening() throws IOException {
        return count("opening");
    }

    /** Returns the number of other packets without payload, such as resets. */
    long bare() throws IOException {
        return count("bare");
    }

    /** Returns the number of packets of the hop. */
    long others() throws IOException {
        return count("others");
    }

    /** Returns the source ports of packets with payload. */
    String ports() throws IOException {
        return far.run("nft", "-n", "list", "set", "inet", "leaks", "ports");
    }

    private long count(String counter) throws IOException {
        Matcher packets =
                Pattern.compile("packets (\\d+)").matcher(far.run("nft", "list", "counter", "inet", "leaks", counter));
        if (!packets.find()) {
            throw new IOException("nft lists no packets of counter " + counter);
        }
        return Long.parseLong(packets.group(1));
    }
}
