package dev.throughline.platform.linux;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.util.List;

/** Asks, in a network namespace of its own, about an address before and after each of some commands of ip(8). */
final class LocalAddressChange {
    private LocalAddressChange() {}

    /** The address, then commands, of whose words each is an argument, with {@code ,} between commands. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        try (LocalAddresses local = LocalAddresses.open()) {
            StringBuilder answers = new StringBuilder();
            answers.append(local.contains(InetAddresses.forString(arguments[0])));
            for (String command : arguments[1].split(",", -1)) {
                int status = new ProcessBuilder(List.of(("ip " + command.strip()).split(" ", -1)))
                        .inheritIO()
                        .start()
                        .waitFor();
                answers.append(status == 0 ? " " : " failed:")
                        .append(local.contains(InetAddresses.forString(arguments[0])));
            }
            System.out.println(answers);
        }
    }
}
