package dev.throughline.demo;

import com.google.common.io.Closer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Three hops on loopback, each configured with the address of the next: the demo for hosts without interception. */
final class ExplicitScene implements DemoScene {
    private static final int PORTS = 5;

    private final int firstPort;
    private final List<HopProcess> hops = new ArrayList<>();
    private final Closer closer = Closer.create();
    private final TamperingWire wire;

    private ExplicitScene(int firstPort, TamperingWire wire) {
        this.firstPort = firstPort;
        this.wire = wire;
        closer.register(wire::close);
    }

    static ExplicitScene start(Path folder, Path website) throws IOException {
        int firstPort = freePorts();
        ExplicitScene scene = new ExplicitScene(firstPort, TamperingWire.start(firstPort + 3, firstPort + 2));
        try {
            scene.build(folder, website);
            return scene;
        } catch (IOException | RuntimeException e) {
            scene.close();
            throw e;
        }
    }

    private void build(Path folder, Path website) throws IOException {
        WebServer server = WebServer.start(ProcessBuilder::new, "127.0.0.1", firstPort + 4, website);
        closer.register(server::close);
        DemoHops configs = DemoHops.in(folder);
        configs.writeExplicitConfigs(firstPort, firstPort + 3, firstPort + 4);
        hops.addAll(configs.start(ProcessBuilder::new, closer));
        server.ready();
    }

    /** Returns the first of five consecutive free ports. */
    private static int freePorts() throws IOException {
        for (int attempt = 0; attempt < 100; attempt++) {
            int first = 20_000 + (int) (Math.random() * 10_000);
            if (java.util.stream.IntStream.range(first, first + PORTS).allMatch(ExplicitScene::isFree)) {
                return first;
            }
        }
        throw new IOException("found no free ports on 127.0.0.1");
    }

    private static boolean isFree(int port) {
        try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            return probe.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String picture() {
        return """
                On loopback, the application connects to the first hop's address, and each hop is configured with that of the next.

                  application ──▶ hop-a ──▶ hop-b ──▶ hop-c ──▶ 127.0.0.1:%d
                """.formatted(firstPort + 4);
    }

    @Override
    public List<HopProcess> hops() {
        return hops;
    }

    @Override
    public String url() {
        return "http://127.0.0.1:" + firstPort + "/";
    }

    @Override
    public ProcessBuilder application(List<String> command) {
        return new ProcessBuilder(command);
    }

    @Override
    public void tamper() {
        wire.tamper();
    }

    @Override
    public void close() throws IOException {
        closer.close();
    }
}
