/** Periodic tasks, the same on every operating system. {@code platform.linux} is specific to Linux. */
@NullMarked
package dev.throughline.platform;

import org.jspecify.annotations.NullMarked;
