/** The life of one flow, from intercepted to closed, and the table of those that live. */
@NullMarked
package dev.throughline.flow;

import org.jspecify.annotations.NullMarked;
