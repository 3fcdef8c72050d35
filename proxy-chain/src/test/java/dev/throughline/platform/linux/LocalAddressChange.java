package dev.throughline.platform.linux;

import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** A program in a separate network namespace that checks an address before and after each of some ip(8) commands. */
final class LocalAddressChange {
    private LocalAddressChange() {}

    /** The arguments are the address, then the words of commands, with {@code ,} between commands. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        InetAddress address = InetAddresses.forString(arguments[0]);
        try (LocalAddresses local = LocalAddresses.open();
                LocalAddresses lately = LocalAddresses.open()) {
            StringBuilder answers = new StringBuilder();
            answers.append(local.contains(address));
            for (String command : arguments[1].split(",", -1)) {
                int status = new ProcessBuilder(List.of(("ip " + command.strip()).split(" ", -1)))
                        .inheritIO()
                        .start()
                        .waitFor();
                answers.append(status == 0 ? " " : " failed:").append(local.contains(address));
                while (lately.containedLately(address) != local.contains(address)) {
                    Thread.onSpinWait();
                }
            }
            System.out.println(answers);
        }
    }
}
