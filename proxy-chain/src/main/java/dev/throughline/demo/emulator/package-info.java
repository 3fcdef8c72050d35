/**
 * An emulator of the part of macOS that this project can't run: an agent that opens connections with Network.framework,
 * and the limit that the system sets its process. It has the real boundary, the bridge's Unix socket.
 *
 * <p>It is part of the program because {@code demo limit} is one of its commands; the tests use this same emulator, so
 * that the demo shows what the tests verify. No hop can be configured to use it: only the demo and the tests start it.
 */
@NullMarked
package dev.throughline.demo.emulator;

import org.jspecify.annotations.NullMarked;
