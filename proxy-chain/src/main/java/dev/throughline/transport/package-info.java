/** How connections get out. */
@NullMarked
package dev.throughline.transport;

import org.jspecify.annotations.NullMarked;
