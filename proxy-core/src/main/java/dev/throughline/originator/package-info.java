/** Who opened a flow, and by what evidence we know. These are plain values; where they come from is said by their holder. */
@NullMarked
package dev.throughline.originator;

import org.jspecify.annotations.NullMarked;
