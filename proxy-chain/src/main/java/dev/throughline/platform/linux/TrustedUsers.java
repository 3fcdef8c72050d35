package dev.throughline.platform.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The users whose files and links this process trusts: root and its own user. */
final class TrustedUsers {
    private static final Path UID_MAP = Path.of("/proc/self/uid_map");
    private static final Path OVERFLOW = Path.of("/proc/sys/kernel/overflowuid");

    private TrustedUsers() {}

    /**
     * Returns their ids. In a user namespace without a mapping for the overflow id, that id is included: the host's
     * root, who owns / and /tmp, appears as that id (user_namespaces(7)). All other users of the host do too, so there
     * only modes protect files.
     */
    static Set<Integer> ofThisProcess() throws IOException {
        Set<Integer> users = new HashSet<>(Set.of(0));
        users.add(OwnUser.uid());
        int overflow = overflowUid();
        if (!isMapped(overflow, Files.readAllLines(UID_MAP))) {
            users.add(overflow);
        }
        return Set.copyOf(users);
    }

    private static int overflowUid() throws IOException {
        return Integer.parseInt(Sysctl.read(OVERFLOW));
    }

    /** Returns whether a user namespace maps an id. Lines of uid_map are: first id inside, first id outside, count. */
    static boolean isMapped(int uid, List<String> map) {
        return map.stream().map(line -> line.strip().split("\\s+")).anyMatch(range -> {
            long first = Long.parseLong(range[0]);
            return uid >= first && uid < first + Long.parseLong(range[2]);
        });
    }
}
