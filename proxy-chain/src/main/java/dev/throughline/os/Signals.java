package dev.throughline.os;

import java.lang.reflect.Proxy;

/**
 * Handlers for signals (signal(7)), through the JDK's {@code sun.misc.Signal}. It is used by name since the compiler warns
 * of it, and there is no other: a shutdown hook can't tell a second SIGTERM from the first.
 */
public final class Signals {
    private Signals() {}

    /**
     * Runs {@code handler}, on a thread of its own, each time the signal arrives.
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
