/** The running hop as a whole. */
@NullMarked
package dev.throughline;

import org.jspecify.annotations.NullMarked;
