package dev.throughline.admin;

import com.google.common.util.concurrent.RateLimiter;
import dev.throughline.flow.FlowTable;
import dev.throughline.header.Tuple;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.report.FlowJson;
import dev.throughline.report.Json;
import dev.throughline.report.Reload;
import io.netty.handler.codec.http.HttpMethod;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The pages of the admin interface. */
public final class AdminPages {
    private static final String JSON = "application/json";
    /** Limits the CPU time for scrapes: rendering the metrics takes milliseconds. */
    private static final int SCRAPES_EACH_SECOND = 20;

    private static final String PLAIN = "text/plain; charset=utf-8";

    private final FlowTable table;
    private final FlowJson flowJson;
    private final Supplier<String> budget;
    private final HopMetrics metrics;
    private final Supplier<List<String>> notReady;
    private final Supplier<Reload> reloading;
    private final Function<Boolean, CompletableFuture<String>> redirecting;
    private final Function<Tuple, CompletableFuture<String>> who;
    private Supplier<List<String>> hanging = List::of;

    /**
     * Creates the pages of one hop.
     *
     * @param budget returns which accounts have slots, as JSON
     * @param notReady returns why the hop should get no new flows; empty if it is ready
     * @param reloading reloads keys and policy
     * @param redirecting applies or removes the hop's rules, and returns them
     * @param who returns the owner of a connection, as JSON
     */
    public AdminPages(
            FlowTable table,
            FlowJson flowJson,
            Supplier<String> budget,
            HopMetrics metrics,
            Supplier<List<String>> notReady,
            Supplier<Reload> reloading,
            Function<Boolean, CompletableFuture<String>> redirecting,
            Function<Tuple, CompletableFuture<String>> who) {
        this.table = table;
        this.flowJson = flowJson;
        this.budget = budget;
        this.metrics = metrics;
        this.notReady = notReady;
        this.reloading = reloading;
        this.redirecting = redirecting;
        this.who = who;
    }

    /**
     * Returns the pages of the metrics address, which anyone may read. Frequent requests for metrics get a cached
     * response.
     */
    List<Page> publicPages() {
        RateLimiter pace = RateLimiter.create(SCRAPES_EACH_SECOND);
        AtomicReference<@Nullable String> last = new AtomicReference<>();
        return readable(() -> last.updateAndGet(text -> text == null || pace.tryAcquire() ? metrics.scrape() : text));
    }

    /** Returns the pages of the admin socket. */
    List<Page> allPages() {
        return readable(metrics::scrape);
    }

    private List<Page> readable(Supplier<String> scraped) {
        return List.of(
                new Page("/metrics", "text/plain; version=0.0.4; charset=utf-8", () -> Page.Answer.ok(scraped.get())),
                new Page("/-/healthy", PLAIN, () -> Page.Answer.ok("healthy\n")),
                new Page("/-/ready", PLAIN, this::ready));
    }

    /** Returns the open flows. */
    Page flows() {
        return new Page(
                "/flows",
                JSON,
                () -> Page.Answer.ok(Json.object(out -> out.putAll("flows", table.list(), flowJson::write)) + "\n"));
    }

    /** Returns the usage of this hop's pools and transports. */
    Page budget() {
        return new Page("/budget", JSON, () -> Page.Answer.ok(budget.get() + "\n"));
    }

    /** Returns the file systems and processes that don't respond to identification. */
    Page identification() {
        return new Page(
                "/identification",
                JSON,
                () -> Page.Answer.ok(Json.object(out -> out.putAll("hanging", hanging.get())) + "\n"));
    }

    /** Sets the source of {@link #identification}: a description of each unresponsive file system or process. */
    public AdminPages withUnresponsive(Supplier<List<String>> unresponsive) {
        hanging = unresponsive;
        return this;
    }

    /** Returns the owner of the connection from {@code source} to {@code destination}. */
    Page who() {
        return new Page(HttpMethod.GET, "/who", JSON, parameters -> {
            Tuple tuple;
            try {
                tuple = Tuple.tcp(endpoint(parameters, "source"), endpoint(parameters, "destination"));
            } catch (IllegalArgumentException e) {
                return CompletableFuture.completedFuture(new Page.Answer(400, e.getMessage() + "\n"));
            }
            return who.apply(tuple).thenApply(answer -> Page.Answer.ok(answer + "\n"));
        });
    }

    private static InetSocketAddress endpoint(Map<String, List<String>> parameters, String name) {
        return Tuple.endpoint(parameters.getOrDefault(name, List.of("")).getFirst());
    }

    /** Reloads keys, trust and policy. */
    Page reload() {
        return new Page(HttpMethod.POST, "/-/reload", PLAIN, () -> {
            Reload result = reloading.get();
            return new Page.Answer(result.applied() ? 200 : 422, String.join("\n", result.lines()) + "\n");
        });
    }

    Page applyRules() {
        return redirect("/-/redirect/apply", true);
    }

    Page removeRules() {
        return redirect("/-/redirect/remove", false);
    }

    private Page redirect(String path, boolean apply) {
        return new Page(
                HttpMethod.POST,
                path,
                PLAIN,
                parameters -> redirecting
                        .apply(apply)
                        .handle((rules, failure) -> failure == null
                                ? Page.Answer.ok(rules)
                                : new Page.Answer(422, failure.getMessage() + "\n")));
    }

    private Page.Answer ready() {
        List<String> reasons = notReady.get();
        return reasons.isEmpty()
                ? Page.Answer.ok("ready\n")
                : new Page.Answer(503, "not ready: " + String.join("; ", reasons) + "\n");
    }
}
