/** The life of one flow, from its accepted connection to its close, and the table of open flows. */
@NullMarked
package dev.throughline.flow;

import org.jspecify.annotations.NullMarked;
