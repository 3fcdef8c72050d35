package dev.throughline.demo;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The requirements of namespaces with interception, checked by trying. */
final class Requirements {
    private static final ImmutableMap<String, String> PACKAGES =
            ImmutableMap.of("unshare", "util-linux", "nsenter", "util-linux", "ip", "iproute2", "nft", "nftables");

    /** One rule of each kind that interception needs. */
    private static final String RULES = """
            table inet try {
            chain a { type route hook output priority mangle; ct direction original ct mark set 1 meta mark set 1; }
            chain b { type filter hook prerouting priority mangle; meta l4proto tcp tproxy ip to 127.0.0.1:1; }
            chain c { type nat hook output priority -100; meta l4proto tcp redirect to :1; }
            chain d { type filter hook prerouting priority 0; meta l4proto tcp reject with tcp reset; }
            }""";

    private Requirements() {}

    static Optional<String> missing() {
        for (Map.Entry<String, String> program : PACKAGES.entrySet()) {
            if (!isInstalled(program.getKey())) {
                return Optional.of("The program %s is missing: install Debian's package %s."
                        .formatted(program.getKey(), program.getValue()));
            }
        }
        try (Namespace trial = Namespace.host("trial")) {
            return rules(trial);
        } catch (IOException e) {
            return Optional.of("This user can't have a network namespace (" + e.getMessage() + "): run as root, or let"
                    + " users have user namespaces (sysctl kernel.unprivileged_userns_clone,"
                    + " kernel.apparmor_restrict_unprivileged_userns, user.max_user_namespaces).");
        }
    }

    private static Optional<String> rules(Namespace trial) {
        try {
            trial.run("nft", RULES);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of("The kernel or nft lacks TPROXY, redirect or reject (modules nft_tproxy, nft_redir,"
                    + " nft_reject_inet; Linux 5.9 or newer): "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse("nft failed"));
        }
    }

    private static boolean isInstalled(String program) {
        return Splitter.on(':')
                .splitToStream(Holder.path())
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}
