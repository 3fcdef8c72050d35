package dev.throughline.transport;

import io.netty.channel.EventLoop;

/** A runner of tasks on an event loop: at once if the caller is on it. */
final class EventLoopTasks {
    private EventLoopTasks() {}

    static void run(EventLoop loop, Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }
}
