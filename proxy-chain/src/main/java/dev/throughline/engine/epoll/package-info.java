/** The engine on Linux: epoll(7), edge-triggered, over the system calls of Netty's native library. */
@NullMarked
package dev.throughline.engine.epoll;

import org.jspecify.annotations.NullMarked;
