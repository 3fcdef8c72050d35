/** The relay of bytes between two connections until both sides have ended their output. */
@NullMarked
package dev.throughline.relay;

import org.jspecify.annotations.NullMarked;
