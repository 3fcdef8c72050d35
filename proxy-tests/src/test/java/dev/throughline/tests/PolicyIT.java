package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.common.io.Closer;
import dev.throughline.demo.Namespace;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Programs on an edge, each a shell with its own path, connect through a first hop there to one of two hops on a gateway; both
 * sides have a policy. Host and gateway are network namespaces.
 */
@NeedsNamespaces
@Timeout(180)
class PolicyIT {
    private static final InetSocketAddress WEB = Party.endpoint("10.91.9.2:80");

    @TempDir
    static Path folder;

    private static final Closer closer = Closer.create();
    private static Namespace edge;
    private static Hops edgeHops;
    private static Hops gatewayHops;
    private static Party server;
    private static String policyOfA;

    @BeforeAll
    static void start() throws IOException {
        edge = Namespace.host("edge");
        closer.register(edge::close);
        Namespace gateway = edge.neighbour("gateway");
        Namespace web = edge.neighbour("web");
        edge.join(gateway, "10.91.1.1/24", "10.91.1.2/24");
        gateway.join(web, "10.91.9.1/24", "10.91.9.2/24");
        server = Party.start(web::command);
        closer.register(server::close);
        for (String program : List.of("plain", "forbidden", "precious", "foreign", "admin")) {
            Files.copy(Path.of("/bin/bash"), folder.resolve(program));
        }
        // Other users run them too.
        assertThat(folder.toFile().setExecutable(true, false)).isTrue();
        edgeHops = new Hops(folder, edge::command);
        closer.register(edgeHops::close);
        gatewayHops = new Hops(folder, gateway::command);
        closer.register(gatewayHops::close);
        edgeHops.keys("hop-a", "hop-b", "hop-v");
        policyOfA = """
                policy:
                  - { name: no-forbidden, when: { executable: %1$s/forbidden }, then: deny }
                  - { name: only-roots-admin, when: { executable: %1$s/admin }, unless: { user: root }, then: deny }
                  - { name: precious, when: { executable: %1$s/pre*, ports: 80 }, then: { route: vault, class: bulk } }
                  - { name: rest, unless: { executable: unknown }, then: allow }
                  - { name: unknown, then: deny }
                """.formatted(folder.toRealPath());
        configureA(policyOfA);
        gatewayHops.configure("hop-b", "gateway-1", """
                listeners: [{ name: from-a, mode: chain, by: plain, address: "10.91.1.2:7001" }]
                route: { to: destination }
                policy:
                  - { name: no-foreign, when: { host: edge-1, executable: %s/foreign }, then: deny }
                  - { name: not-from-here, when: { host: gateway-1 }, then: deny }
                  - { name: rest, then: allow }
                """.formatted(folder.toRealPath()));
        gatewayHops.configure("hop-v", "gateway-1", """
                listeners: [{ name: from-a, mode: chain, by: plain, address: "10.91.1.2:7002" }]
                route: { to: destination }
                """);
        server.ready().serve(WEB);
        gatewayHops.start("hop-b", "hop-v");
        edgeHops.start("hop-a");
    }

    private static void configureA(String policy) throws IOException {
        edgeHops.configure("hop-a", """
                listeners: [{ name: front, mode: transparent, by: plain, address: "10.91.1.1:7000", destination: "10.91.9.2:80" }]
                route: { to: hop-b, at: "10.91.1.2:7001" }
                routes: { vault: { to: hop-v, at: "10.91.1.2:7002" } }
                classes: { bulk: {} }
                """ + policy);
    }

    @AfterAll
    static void stop() throws IOException {
        closer.close();
    }

    /** Sends hello to the first hop's listener by a program, and returns the answer, or throws. */
    private static String hello(String program) throws IOException {
        return hello(List.of(), program);
    }

    /** Sends hello by a program that {@code wrapper} runs. */
    private static String hello(List<String> wrapper, String program) throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.addAll(List.of(
                folder.resolve(program).toString(),
                "-c",
                "exec 3<>/dev/tcp/10.91.1.1/7000; echo hello >&3; read -r answer <&3 && echo $answer"));
        return edge.run(command.toArray(String[]::new)).strip();
    }

    private static void isRefused(String program) {
        assertThatThrownBy(() -> hello(program)).isInstanceOf(IOException.class);
    }

    private static JsonTree closed(RunningHop hop, String program) throws IOException {
        return closed(hop, program, 0);
    }

    private static JsonTree closed(RunningHop hop, String program, int user) throws IOException {
        String path = folder.toRealPath().resolve(program).toString();
        return hop.closed(flow -> flow.object("originator").text("exe").equals(path)
                && flow.object("originator").text("uid").equals(Integer.toString(user)));
    }

    private static RunningHop a() {
        return edgeHops.get("hop-a");
    }

    @Test
    void anAllowedProgramGoesTheUsualWay() throws IOException {
        assertThat(hello("plain")).isEqualTo("hello");

        JsonTree atA = closed(a(), "plain");
        assertThat(atA.object("policy").toJson()).isEqualTo("{\"rule\":\"rest\",\"decision\":\"allow\"}");
        assertThat(atA.text("next")).isEqualTo("hop-b");
        JsonTree atB = closed(gatewayHops.get("hop-b"), "plain");
        assertThat(atB.object("policy").text("rule")).isEqualTo("rest");
        assertThat(atB.texts("chain")).containsExactly("hop-a", "hop-b");
    }

    @Test
    void aDeniedProgramGetsNowhere() throws IOException {
        long before = server.connections();

        isRefused("forbidden");

        JsonTree atA = closed(a(), "forbidden");
        assertThat(atA.text("reason")).isEqualTo("policy-denied");
        assertThat(atA.text("detail")).isEqualTo("rule no-forbidden");
        assertThat(atA.object("policy").toJson()).isEqualTo("{\"rule\":\"no-forbidden\",\"decision\":\"deny\"}");
        assertThat(atA.has("next")).isFalse();
        assertThat(a().metric("throughline_policy_decisions_total{decision=\"deny\",rule=\"no-forbidden\"}"))
                .isPositive();
        assertThat(server.connections()).isEqualTo(before);
        assertThat(gatewayHops.get("hop-b").process().flowLog())
                .noneMatch(flow -> flow.object("originator").text("exe").endsWith("/forbidden"));
    }

    /** The user matters as well as the program. */
    @Test
    void aProgramIsAllowedForRootOnly() throws IOException {
        assumeFalse(edge.hasOneUser(), "there is only one user in this namespace");
        List<String> asNobody = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");

        assertThat(hello("admin")).isEqualTo("hello");
        assertThatThrownBy(() -> hello(asNobody, "admin")).isInstanceOf(IOException.class);
        assertThat(hello(asNobody, "plain")).isEqualTo("hello");

        assertThat(closed(a(), "admin", 0).object("policy").text("rule")).isEqualTo("rest");
        JsonTree nobodys = closed(a(), "admin", 65534);
        assertThat(nobodys.text("reason")).isEqualTo("policy-denied");
        assertThat(nobodys.text("detail")).isEqualTo("rule only-roots-admin");
        assertThat(closed(a(), "plain", 65534).object("policy").text("rule")).isEqualTo("rest");
    }

    @Test
    void aProgramIsSentToAnotherHop() throws IOException {
        assertThat(hello("precious")).isEqualTo("hello");

        JsonTree atA = closed(a(), "precious");
        assertThat(atA.text("next")).isEqualTo("hop-v");
        assertThat(atA.object("policy").toJson())
                .isEqualTo("{\"rule\":\"precious\",\"decision\":\"allow\",\"route\":\"vault\",\"class\":\"bulk\"}");
        JsonTree atVault = closed(gatewayHops.get("hop-v"), "precious");
        assertThat(atVault.texts("chain")).containsExactly("hop-a", "hop-v");
        assertThat(atVault.object("verification").text("result")).isEqualTo("verified");
        assertThat(atVault.has("policy")).isFalse();
    }

    /** The second hop can't see the process; it uses the originator that the first hop signed. */
    @Test
    void theSecondHopDeniesAProgramOfTheEdge() throws IOException {
        long before = server.connections();

        isRefused("foreign");

        assertThat(closed(a(), "foreign").object("policy").text("rule")).isEqualTo("rest");
        JsonTree atB = closed(gatewayHops.get("hop-b"), "foreign");
        assertThat(atB.text("reason")).isEqualTo("policy-denied");
        assertThat(atB.object("policy").text("rule")).isEqualTo("no-foreign");
        assertThat(atB.object("originator").text("host")).isEqualTo("edge-1");
        assertThat(atB.object("verification").text("result")).isEqualTo("verified");
        assertThat(server.connections()).isEqualTo(before);

        Path line = Files.writeString(folder.resolve("flow.json"), atB.toJson());
        String asked = gatewayHops.config("hop-b").toString();
        assertThatThrownBy(() ->
                        Host.THIS.run(Program.throughline("policy", "test", "-c", asked, "--flow", line.toString())))
                .hasMessageContaining("exit code 7: no-foreign (deny): yes");
    }

    @Test
    void aPolicyIsReloadedUnlessItIsWrong() throws IOException {
        configureA(policyOfA.replace("%s/forbidden".formatted(folder.toRealPath()), "/**/plain"));
        try {
            assertThat(reload()).isEqualTo("rule no-forbidden has changed\n");
            isRefused("plain");

            configureA(policyOfA.replace("then: deny", "then: dney"));
            assertThatThrownBy(PolicyIT::reload).hasMessageContaining("did you mean \"deny\"?");
            isRefused("plain");
        } finally {
            configureA(policyOfA);
            reload();
        }
        assertThat(hello("plain")).isEqualTo("hello");
    }

    private static String reload() throws IOException {
        return Host.THIS.run(
                Program.throughline("reload", "-c", edgeHops.config("hop-a").toString()));
    }
}
