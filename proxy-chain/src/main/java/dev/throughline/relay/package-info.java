/** Bytes both ways between two connections, until both sides have said all they had to say. */
@NullMarked
package dev.throughline.relay;

import org.jspecify.annotations.NullMarked;
