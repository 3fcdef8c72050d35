package dev.throughline.demo;

import com.google.common.collect.ImmutableList;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A demo that sends a real application's connection through three real hops and prints the report of each, then repeats
 * it with one byte of the header changed. It removes everything that it created when it ends in any way.
 */
public final class Demo {
    private static final String GREETING = "hello from the destination";

    private final Story story;
    private final boolean explicit;
    private @Nullable DemoScene scene;

    /** Creates a demo that prints to {@code out}; {@code explicit} selects the scene without interception. */
    public Demo(PrintStream out, boolean explicit) {
        this.story = new Story(out);
        this.explicit = explicit;
    }

    /**
     * Runs the demo.
     *
     * @return whether the result is as expected: the originator recovered, the tampered header refused
     */
    public boolean play() throws IOException {
        Path folder = Files.createTempDirectory("throughline-demo");
        Thread cleanUp = new Thread(() -> cleanUp(folder));
        Runtime.getRuntime().addShutdownHook(cleanUp);
        try {
            return play(folder);
        } finally {
            // After Ctrl-C the shutdown hook is already running.
            if (removed(cleanUp)) {
                cleanUp(folder);
            }
        }
    }

    private boolean play(Path folder) throws IOException {
        Path website = Files.createDirectories(folder.resolve("website"));
        Files.writeString(website.resolve("index.html"), GREETING + "\n");
        DemoScene open = open(folder, website);
        scene = open;
        story.say(open.picture());

        story.say("$ " + String.join(" ", fetch(open)));
        String answer = run(open);
        story.say("  " + answer);
        story.say("");
        JsonTree last = null;
        for (HopProcess hop : open.hops()) {
            last = hop.flow(line -> line.text("event").equals("flow.close"));
            story.hop(last, open.hops());
        }
        boolean recovered = answer.equals(GREETING)
                && last != null
                && last.object("verification").text("result").equals("verified")
                && last.object("originator")
                        .text("pid")
                        .equals(open.hops()
                                .getFirst()
                                .flow(line -> line.text("event").equals("flow.close"))
                                .object("kernel")
                                .text("pid"));

        open.tamper();
        story.say("");
        story.say("Again, with one byte of the header changed between hop-b and hop-c: the origin now names another");
        story.say("process.");
        story.say("");
        story.say("$ " + String.join(" ", fetch(open)));
        String refusal = run(open);
        story.say("  " + (refusal.isEmpty() ? "(no answer: the connection was reset)" : refusal));
        story.say("");
        JsonTree refused =
                open.hops().getLast().flow(line -> line.text("reason").equals("header-rejected"));
        story.hop(refused, open.hops());
        boolean rejected =
                refused.object("verification").text("reason").equals("bad-signature") && !refusal.contains(GREETING);

        story.say("");
        story.say(
                recovered && rejected
                        ? "The third hop recovered the originator and verified it; the changed header was refused."
                        : "Unexpected result: the third hop "
                                + (recovered ? "" : "didn't recover the originator ")
                                + (rejected ? "" : "accepted the changed header"));
        return recovered && rejected;
    }

    private DemoScene open(Path folder, Path website) throws IOException {
        Optional<String> obstacle = explicit ? Optional.of("as requested by --explicit.") : Namespace.unavailable();
        if (obstacle.isEmpty()) {
            return InterceptionScene.start(folder, website);
        }
        story.say("Without interception: " + obstacle.get());
        story.say("");
        return ExplicitScene.start(folder, website);
    }

    /** Returns the application with its arguments: curl, or another program of this host that can fetch a page. */
    private static List<String> fetch(DemoScene scene) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
        for (String folder : path.split(":", -1)) {
            if (Files.isExecutable(Path.of(folder, "curl"))) {
                return ImmutableList.of("curl", "-sS", "--max-time", "10", scene.url());
            }
            if (Files.isExecutable(Path.of(folder, "wget"))) {
                return ImmutableList.of("wget", "-q", "-T", "10", "-t", "1", "-O", "-", scene.url());
            }
        }
        java.net.URI url = java.net.URI.create(scene.url());
        int port = url.getPort() < 0 ? 80 : url.getPort();
        return ImmutableList.of(
                "bash",
                "-c",
                "exec 3<>/dev/tcp/%s/%d; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3"
                        .formatted(url.getHost(), port));
    }

    private static String run(DemoScene scene) throws IOException {
        Process application =
                scene.application(fetch(scene)).redirectErrorStream(true).start();
        application.getOutputStream().close();
        String output = new String(application.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!application.waitFor(15, TimeUnit.SECONDS)) {
                application.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return output.strip();
    }

    private void cleanUp(Path folder) {
        try {
            DemoScene open = scene;
            if (open != null) {
                open.close();
            }
        } catch (IOException e) {
            story.say("failed to close: " + e.getMessage());
        }
        try {
            if (Files.exists(folder)) {
                MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
            }
        } catch (IOException e) {
            story.say("failed to remove: " + e.getMessage());
        }
    }

    private static boolean removed(Thread hook) {
        try {
            return Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return false;
        }
    }
}
