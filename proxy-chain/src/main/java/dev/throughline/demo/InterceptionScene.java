package dev.throughline.demo;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Closer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A host with an application and three hops that each intercept the previous one, and another host with a web server.
 * Both hosts are network namespaces.
 */
final class InterceptionScene implements DemoScene {
    private static final String SERVER = "10.91.9.2";

    private final Namespace host;
    private final List<HopProcess> hops = new ArrayList<>();
    private final Closer closer = Closer.create();

    private InterceptionScene(Namespace host) {
        this.host = host;
        closer.register(host::close);
    }

    static InterceptionScene start(Path folder, Path website) throws IOException {
        InterceptionScene scene = new InterceptionScene(Namespace.host("host"));
        try {
            scene.build(folder, website);
            return scene;
        } catch (IOException | RuntimeException e) {
            scene.close();
            throw e;
        }
    }

    private void build(Path folder, Path website) throws IOException {
        Namespace web = host.neighbour("web");
        host.join(web, "10.91.9.1/24", SERVER + "/24");
        WebServer server = WebServer.start(web::command, SERVER, 80, website);
        closer.register(server::close);
        DemoHops configs = DemoHops.in(folder);
        configs.writeInterceptingConfigs();
        List<Process> rules = new ArrayList<>();
        for (String name : DemoHops.NAMES) {
            rules.add(host.command(ProgramCommand.of(
                            "redirect", "apply", "-c", configs.config(name).toString()))
                    .redirectErrorStream(true)
                    .start());
        }
        for (Process process : rules) {
            succeed(process);
        }
        hops.addAll(configs.start(host::command, closer));
        server.ready();
    }

    private static void succeed(Process process) throws IOException {
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IOException("the rules can't be applied: " + output.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public String picture() {
        return """
                On one host, each hop intercepts the connections of the previous one; none is configured with an address of the next.

                  application ─tproxy─▶ hop-a ─tproxy─▶ hop-b ─redirect─▶ hop-c ─────▶ %s:80, on another host
                """.formatted(SERVER);
    }

    @Override
    public List<HopProcess> hops() {
        return hops;
    }

    @Override
    public String url() {
        return "http://" + SERVER + "/";
    }

    /** If other users are available, the application runs as the unprivileged user nobody. */
    @Override
    public ProcessBuilder application(List<String> command) {
        ImmutableList.Builder<String> all = ImmutableList.builder();
        if (!host.hasOneUser() && isInstalled("setpriv")) {
            all.add("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups");
        }
        return host.command(all.addAll(command).build());
    }

    private static boolean isInstalled(String program) {
        return List.of("/usr/bin", "/bin").stream().anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /** An nft rule rewrites the packet that starts with a header, after the rules of all hops. */
    @Override
    public void tamper() throws IOException {
        host.run("nft", """
                table inet tamper {
                chain out {
                type filter hook output priority 300;
                meta mark & 0x0001ffff == 0x1072 @ih,0,32 0x0d0a0d0a @ih,%d,8 set %d
                }
                }""".formatted(HeaderByte.OFFSET * 8, HeaderByte.FORGED));
    }

    @Override
    public void close() throws IOException {
        closer.close();
    }
}
