package dev.throughline.engine.nio;

import dev.throughline.engine.ConnectionContract;

/** The differences from the engine of Linux are those that {@link NioEngine} names. */
class NioConnectionTest extends ConnectionContract {
    NioConnectionTest() {
        super(
                new NioEngine(),
                Unseen.A_RESET_AFTER_THE_END,
                Unseen.THE_CLOSE_OF_A_UNIX_SOCKET,
                Unseen.THE_PROCESS_AT_A_UNIX_SOCKET);
    }
}
