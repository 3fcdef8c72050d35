package dev.throughline.transport;

/** An attempt to open a connection. It occupies a slot of its transport until the system has released the connection. */
public interface ConnectAttempt {
    /** An attempt that failed before anything was requested. */
    ConnectAttempt NOT_STARTED = new ConnectAttempt() {
        @Override
        public void whenReleased(Runnable task) {
            task.run();
        }

        @Override
        public void giveUp() {}
    };

    /**
     * Runs {@code task}, on any thread, when the slot is free: the system has closed the connection, or it was never requested. A
     * connection that an agent opened counts as released when this side has closed it and the agent's limits could show that,
     * or when the agent is gone.
     */
    void whenReleased(Runnable task);

    /** Cancels the attempt: it fails unless it has its result. */
    void giveUp();
}
