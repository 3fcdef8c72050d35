package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two hops on loopback; one of them is killed with SIGKILL, as the out-of-memory killer does. Transfers in progress are incomplete,
 * and both ends must see a reset instead of an orderly end.
 */
@Timeout(180)
class KilledHopIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);
    private static final int MORE_THAN_FITS = 32 * 1024 * 1024;

    /** The stages of a flow at which its hop is killed. */
    private enum Progress {
        IDLE {
            @Override
            void reach(End app, End server) {}
        },
        UPLOADING {
            @Override
            void reach(End app, End server) throws IOException {
                app.send("part of a request");
                server.receive(4);
            }
        },
        UPLOADED_BUT_NOT_READ {
            @Override
            void reach(End app, End server) throws IOException {
                Thread.startVirtualThread(() -> {
                    try {
                        app.send(new byte[MORE_THAN_FITS]).finish();
                    } catch (IOException reset) {
                        // Expected.
                    }
                });
                server.receive(1);
            }
        },
        DOWNLOADING {
            @Override
            void reach(End app, End server) throws IOException {
                server.send("part of an answer");
                app.receive(4);
            }
        },
        ANSWERING_AN_ENDED_REQUEST {
            @Override
            void reach(End app, End server) throws IOException {
                app.send("request").finish();
                assertThat(server.restText()).isEqualTo("request");
                server.send("part of an answer");
                app.receive(4);
            }
        },
        REQUESTING_AFTER_AN_ENDED_ANSWER {
            @Override
            void reach(End app, End server) throws IOException {
                server.send("all of it").finish();
                assertThat(app.restText()).isEqualTo("all of it");
                app.send("part of a request");
                server.receive(4);
            }
        };

        abstract void reach(End app, End server) throws IOException;
    }

    private record Ends(End app, End server) {}

    @TempDir
    Path folder;

    private Destination destination;
    private Hops hops;

    @BeforeEach
    void start() throws IOException {
        destination = Destination.at(NET.address(9));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b");
        hops.configure(
                "hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: hop-b, at: "%s" }
                """.formatted(Tuple.text(FRONT), Tuple.text(destination.address()), NET.text(2, 17001)));
        hops.configure("hop-b", """
                listeners: [{ name: chain, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                limits: { flows: %d }
                classes: { default: { wait: 1m } }
                """.formatted(NET.text(2, 17001), Progress.values().length));
        hops.start("hop-a", "hop-b");
    }

    @AfterEach
    void stop() throws IOException {
        hops.close();
        destination.close();
    }

    /** A writing thread may already have got the reset; then reads return the end, and writes fail at once. */
    private static boolean isLost(End end) throws IOException {
        return end.isReset() || !end.isSent(new byte[1]);
    }

    @Tag("attack")
    @ParameterizedTest
    @ValueSource(strings = {"hop-a", "hop-b"})
    void neitherEndMistakesTruncatedDataForComplete(String killed) throws IOException {
        Map<Progress, Ends> flows = new EnumMap<>(Progress.class);
        for (Progress progress : Progress.values()) {
            Ends ends = new Ends(End.connect(FRONT), destination.accept());
            flows.put(progress, ends);
            progress.reach(ends.app(), ends.server());
        }

        hops.get(killed).process().process().destroyForcibly();

        RunningHop survivor = hops.get(killed.equals("hop-a") ? "hop-b" : "hop-a");
        for (Map.Entry<Progress, Ends> flow : flows.entrySet()) {
            Ends ends = flow.getValue();
            assertThat(isLost(ends.server()))
                    .as("the server's end, %s", flow.getKey())
                    .isTrue();
            assertThat(isLost(ends.app()))
                    .as("the application's end, %s", flow.getKey())
                    .isTrue();
            assertThat(survivor.closedOf(ends.app().local(), destination.address())
                            .text("reason"))
                    .as("the other hop's log, %s", flow.getKey())
                    .isEqualTo(killed.equals("hop-a") ? "inbound-reset" : "outbound-reset");
        }
        for (Ends ends : flows.values()) {
            ends.app().close();
            ends.server().close();
        }
    }

    /** At hop-b it waits for a slot; for hop-a it is connected. */
    @ParameterizedTest
    @ValueSource(strings = {"hop-a", "hop-b"})
    @Tag("attack")
    void aWaitingFlowIsReset(String killed) throws IOException {
        List<End> ends = new ArrayList<>();
        for (int i = 0; i < Progress.values().length; i++) {
            ends.add(End.connect(FRONT));
            ends.add(destination.accept());
        }
        End waits = End.connect(FRONT).send("part of a request");
        await().until(() -> hops.get("hop-b").metric("throughline_flows_open") > Progress.values().length);

        hops.get(killed).process().process().destroyForcibly();

        assertThat(isLost(waits)).isTrue();
        RunningHop survivor = hops.get(killed.equals("hop-a") ? "hop-b" : "hop-a");
        assertThat(survivor.closedOf(waits.local(), destination.address()).text("reason"))
                .isEqualTo(killed.equals("hop-a") ? "inbound-reset" : "outbound-reset");
        waits.close();
        for (End end : ends) {
            end.close();
        }
    }

    /** Before hop-b has the complete header, it doesn't know the flow. */
    @Test
    @Tag("attack")
    void aConnectionWithinItsHeaderIsReset() throws IOException {
        try (End previous = End.connect(NET.at(2, 17001))) {
            previous.send("\r\n\r\n");
            await().until(() -> hops.get("hop-b").metric("throughline_headers_half_open") == 1);

            hops.get("hop-b").process().process().destroyForcibly();

            assertThat(isLost(previous)).isTrue();
        }
    }
}
