package dev.throughline.cli;

import dev.throughline.platform.PeriodicTask;
import dev.throughline.report.StandardError;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A process with a thread that dies in the way that the argument selects. */
final class DyingProcess {
    private DyingProcess() {}

    public static void main(String... arguments) throws InterruptedException {
        StandardError.install();
        FatalExceptions.install().atEnd(() -> System.out.println("the last line"));
        Runnable dies = () -> {
            throw new StackOverflowError("of a test");
        };
        switch (arguments[0]) {
            case "thread" -> Thread.ofPlatform().name("vital").start(dies);
            case "scheduled" ->
                Executors.newSingleThreadScheduledExecutor(
                                Thread.ofPlatform().name("vital").factory())
                        .scheduleWithFixedDelay(new PeriodicTask("vital", dies), 0, 1, TimeUnit.SECONDS);
            case "unread" -> {
                PrintStream log = System.err;
                for (int i = 0; i < 10_000; i++) {
                    log.println("x".repeat(100));
                }
                Thread.ofPlatform().name("vital").start(dies);
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        // Waits until the process ends; a test that fails must not leave it behind.
        Thread.currentThread().join(Duration.ofMinutes(1));
    }
}
