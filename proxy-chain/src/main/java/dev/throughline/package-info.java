/** The running hop. */
@NullMarked
package dev.throughline;

import org.jspecify.annotations.NullMarked;
