package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A program of another user with CAP_NET_RAW gives its connections the marks of hops. */
@NeedsNamespaces
@NeedsPrograms("/usr/bin/python3")
@Timeout(180)
class StolenMarkIT {
    private static final String CONNECT = """
            import socket, sys
            family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
            s = socket.socket(family, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, 36, int(sys.argv[3], 16))
            s.settimeout(5)
            try:
                s.connect((sys.argv[1], int(sys.argv[2])))
                print('connected')
            except TimeoutError:
                print('nobody answered')
            except OSError:
                # By a reset, or for want of a route for what only a table of rules may mark.
                print('refused')
            """;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    @Tag("attack")
    void connectionsWithAStolenMarkAreRefused(String way) throws IOException {
        try (OneHost scene = OneHost.bare(folder)) {
            scene.hops().keys("hop-a").configure("hop-a", """
                    mark: 0x7101
                    later-marks: [0x7102]
                    interception: { mark-uids: [0] }
                    listeners:
                      - { name: apps, mode: transparent, by: %s, port: 15001, capture: { ports: [80, 8000-8099] } }
                    route: { to: destination }
                    """.formatted(way));
            scene.hops().start("hop-a");
            scene.works();
            scene.nothingArrives(() -> {
                for (String address : List.of("10.91.9.2", "fd91:9::2")) {
                    // The hop's own mark, a later hop's, another hop's mark of diverted packets, and marks of replies.
                    for (String mark : List.of("7101", "7102", "17101", "17105", "27101", "37101", "1050000")) {
                        assertThat(connect(scene, address, mark))
                                .describedAs("%s with mark %s", address, mark)
                                .isEqualTo("refused");
                    }
                }
            });
            scene.works();
        }
    }

    private static String connect(OneHost scene, String address, String mark) throws IOException {
        return scene.host()
                .run(
                        "setpriv",
                        "--reuid=65534",
                        "--regid=65534",
                        "--clear-groups",
                        "--inh-caps=+net_raw",
                        "--ambient-caps=+net_raw",
                        "/usr/bin/python3",
                        "-c",
                        CONNECT,
                        address,
                        "80",
                        mark)
                .strip();
    }
}
