package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The example of proxy-tests/README.md; DocumentsTest compares the two. */
class HarnessExampleIT {
    // example
    @Test
    @NeedsNamespaces
    @Timeout(60)
    void namesTheProcessThatOpenedACapturedConnection(@TempDir Path folder) throws IOException {
        try (OneHost scene = OneHost.bare(folder)) {
            scene.hops().keys("hop-a").configure("hop-a", """
                    mark: 0x7101
                    listeners:
                      - { name: apps, mode: transparent, by: tproxy, port: 15001, capture: { ports: [80] } }
                    route: { to: destination }
                    """);
            scene.hops().start("hop-a");

            try (Party.Line line = scene.app().open(OneHost.WEB)) {
                assertThat(line.say(new byte[] {1, 2, 3})).containsExactly(1, 2, 3);

                JsonTree flow = scene.a().closedOf(line.source(), line.destination());
                assertThat(flow.text("reason")).isEqualTo("completed");
                OneHost.isOf(flow.object("originator"), scene.app());
            }
            scene.a().awaitMetric("throughline_flows_open", 0);
        }
    }
    // end
}
