package dev.throughline.engine.epoll;

import dev.throughline.engine.ConnectionContract;

class EpollConnectionTest extends ConnectionContract {
    EpollConnectionTest() {
        super(new EpollEngine());
    }
}
