package dev.throughline.tests;

import dev.throughline.demo.AgentScene;
import dev.throughline.demo.AgentScene.Opening;
import dev.throughline.demo.SceneApp;
import dev.throughline.demo.SceneFlow;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;

/** The scene of {@code demo limit}, with hops as tests see them. */
record LimitScene(AgentScene scene, Path folder) implements AutoCloseable {
    static final Duration PATIENCE = AgentScene.PATIENCE;

    /**
     * Starts the scene.
     *
     * @param net addresses that only this scene uses
     * @param limit connections that the system allows the agent's process
     * @param edge more YAML for hop {@code edge}
     */
    static LimitScene start(Path folder, Loopback net, int limit, String edge) throws IOException {
        return start(folder, net, limit, "", edge);
    }

    /** Starts the scene with more YAML for the agent's transport. */
    static LimitScene start(Path folder, Loopback net, int limit, String transport, String edge) throws IOException {
        AgentScene scene = new AgentScene(
                folder,
                new AgentScene.Settings(net.at(2, 17001), net.address(9), limit, transport, edge),
                Program::throughline);
        try {
            scene.startHops();
            return new LimitScene(scene, folder);
        } catch (IOException | RuntimeException e) {
            scene.close();
            throw e;
        }
    }

    /** Returns the lines of a hop's flow log for flows that have ended. */
    static List<JsonTree> ended(RunningHop hop) {
        return hop.process().flowLog().stream()
                .filter(line -> line.text("event").equals("flow.close"))
                .toList();
    }

    NetworkFrameworkEmulator agent() {
        return scene.agent();
    }

    RunningHop edge() {
        return new RunningHop(scene.edge(), folder.resolve("edge.sock"));
    }

    RunningHop gateway() {
        return new RunningHop(scene.gateway(), folder.resolve("gateway.sock"));
    }

    SceneFlow open(SceneApp app) throws IOException {
        return scene.open(app);
    }

    SceneFlow openWithoutHop(SceneApp app) throws IOException {
        return scene.openWithoutHop(app);
    }

    List<SceneFlow> hold(SceneApp app, int count, Opening opening) throws IOException {
        return scene.hold(app, count, opening);
    }

    List<SceneFlow> hold(SceneApp app, int count, Opening opening, int atOnce) throws IOException {
        return scene.hold(app, count, opening, atOnce);
    }

    List<SceneFlow> openAndClose(int apps, int times, Opening opening) throws IOException {
        return scene.openAndClose(apps, times, opening);
    }

    List<SceneFlow> openAndClose(int apps, int times, Opening opening, int atOnce) throws IOException {
        return scene.openAndClose(apps, times, opening, atOnce);
    }

    /** Exchanges bytes on all {@code flows} repeatedly, until {@code enough} is set. */
    static Future<?> keepBusy(List<SceneFlow> flows, AtomicBoolean enough) {
        FutureTask<?> busy = new FutureTask<>(() -> {
            while (!enough.get()) {
                for (SceneFlow flow : flows) {
                    flow.echo();
                }
            }
            return true;
        });
        Thread.ofVirtual().start(busy);
        return busy;
    }

    List<String> top(int rows) throws IOException {
        return scene.top(rows);
    }

    @Override
    public void close() throws IOException {
        scene.close();
    }
}
