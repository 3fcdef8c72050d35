package dev.throughline.transport;

import io.netty.channel.EventLoop;

/** Runs tasks on an event loop: at once if the caller is on it. */
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
