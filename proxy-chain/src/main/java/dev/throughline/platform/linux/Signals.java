package dev.throughline.platform.linux;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Signal handlers (signal(7)), through the JDK's {@code sun.misc.Signal}. It is used by reflection because the compiler
 * warns about it. There is no alternative: a shutdown hook can't detect a second SIGTERM.
 */
public final class Signals {
    private static final Map<String, Integer> NUMBERS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

    private Signals() {}

    /**
     * Makes a signal usable that the parent process set to be ignored, as nohup(1) does with SIGHUP: the virtual
     * machine accepts no handler for an ignored signal. Call this before {@link #handle}.
     *
     * @param name without SIG: HUP, INT or TERM
     */
    public static void acceptIgnored(String name) {
        int number = Objects.requireNonNull(NUMBERS.get(name));
        if (isIgnored(number)) {
            // The default action would end the process if the signal arrived before its handler is set. getpid(2) has
            // no effect and is async-signal-safe (signal-safety(7)).
            new Libc().signal(number, Libc.function("getpid"));
        }
    }

    /** Returns whether a signal is ignored, in the format of proc(5): one bit per signal, the lowest for number 1. */
    private static boolean isIgnored(int number) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("SigIgn:"))
                    .map(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
                    .anyMatch(mask -> (mask >>> (number - 1) & 1) == 1);
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Runs {@code handler} on its own thread each time the signal arrives.
     *
     * @param name without SIG, such as {@code TERM}
     */
    public static void handle(String name, Runnable handler) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(
                    handlerType.getClassLoader(), new Class<?>[] {handlerType}, (self, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            handler.run();
                        }
                        return null;
                    });
            signal.getMethod("handle", signal, handlerType)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java can't handle SIG" + name, e);
        }
    }
}
