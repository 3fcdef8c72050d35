package dev.throughline.os;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The users who may lead this process's reads and writes: root and its own. */
final class TrustedUsers {
    private static final Path UID_MAP = Path.of("/proc/self/uid_map");
    private static final Path OVERFLOW = Path.of("/proc/sys/kernel/overflowuid");

    private TrustedUsers() {}

    /**
     * Their ids. In a user namespace whose ids don't include the overflow id, that is how the host's root looks, to whom / and
     * /tmp belong (user_namespaces(7)). So do all other users of the host: only modes tell there what others can write.
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

    /** Whether a user namespace has an id, by the lines of its uid_map: first id here, first id outside, how many. */
    static boolean isMapped(int uid, List<String> map) {
        return map.stream().map(line -> line.strip().split("\\s+")).anyMatch(range -> {
            long first = Long.parseLong(range[0]);
            return uid >= first && uid < first + Long.parseLong(range[2]);
        });
    }
}
