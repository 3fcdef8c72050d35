/** The running hop. */
@NullMarked
package dev.throughline.hop;

import org.jspecify.annotations.NullMarked;
