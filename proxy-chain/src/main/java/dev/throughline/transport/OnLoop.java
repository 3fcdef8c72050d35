package dev.throughline.transport;

import io.netty.channel.EventLoop;

/** Runs what belongs to a loop there: at once if that is where the caller is. */
final class OnLoop {
    private OnLoop() {}

    static void run(EventLoop loop, Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }
}
