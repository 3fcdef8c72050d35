package dev.throughline.tests;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.channels.SocketChannel;

/** SO_MARK (socket(7)), as an application with CAP_NET_ADMIN may set it. */
final class SocketMark {
    private static final int SOL_SOCKET = 1;
    private static final int SO_MARK = 36;

    private SocketMark() {}

    /** The JVM needs {@code --add-exports=java.base/sun.nio.ch=ALL-UNNAMED}. */
    static void set(SocketChannel channel, int mark) throws IOException {
        Linker linker = Linker.nativeLinker();
        MethodHandle setsockopt = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setsockopt"),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            int descriptor = (int)
                    Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal").invoke(channel);
            int result = (int)
                    setsockopt.invokeExact(descriptor, SOL_SOCKET, SO_MARK, arena.allocateFrom(JAVA_INT, mark), 4);
            if (result != 0) {
                throw new IOException("SO_MARK was refused");
            }
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
