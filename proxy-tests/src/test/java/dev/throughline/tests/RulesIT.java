package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.demo.Namespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel's rules before, during and after a hop's life. */
@NeedsNamespaces
@Timeout(180)
class RulesIT {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void applyingTwiceIsApplyingOnceAndRemovingLeavesNothing(String way) throws IOException {
        try (Namespace host = Namespace.host("host");
                Hops hops = new Hops(folder, host::command)) {
            hops.keys("hop-a", "hop-b");
            hops.configure("hop-a", """
                    mark: 0x7101
                    later-marks: [0x7102]
                    listeners:
                      - { name: apps, mode: transparent, by: %s, port: 15001, capture: { ports: [80, 443] } }
                    route: { to: hop-b, by: interception }
                    """.formatted(way));
            hops.configure("hop-b", """
                    mark: 0x7102
                    listeners:
                      - { name: from-a, mode: chain, by: %s, port: 15002, previous: { hop: hop-a, mark: 0x7101 } }
                    route: { to: destination }
                    """.formatted(way));
            List<String> nothing = state(host);
            // One after the other, since nft lists tables in the order in which they were made.
            hops.redirect("apply", "hop-a").redirect("apply", "hop-b");
            List<String> once = state(host);
            assertThat(String.join("\n", once)).contains("throughline-hop-a", "throughline-hop-b");
            hops.redirect("apply", "hop-a").redirect("apply", "hop-b");
            assertThat(state(host)).isEqualTo(once);
            // One hop's rules leave without the other's.
            hops.redirect("remove", "hop-a");
            assertThat(String.join("\n", state(host)))
                    .contains("throughline-hop-b")
                    .doesNotContain("hop-a");
            hops.redirect("remove", "hop-b").redirect("remove", "hop-a", "hop-b");
            assertThat(state(host)).isEqualTo(nothing);
        }
    }

    /** Returns all rules: nft tables with their contents, policy rules, and routes of every table. */
    private static List<String> state(Namespace host) throws IOException {
        return Stream.of(
                        host.run("nft", "-s", "list", "ruleset"),
                        host.run("ip", "-4", "rule"),
                        host.run("ip", "-6", "rule"),
                        host.run("ip", "-4", "route", "show", "table", "all"),
                        host.run("ip", "-6", "route", "show", "table", "all"))
                .flatMap(text -> text.lines())
                .collect(Collectors.toList());
    }
}
