/** What a hop may do for whom: rules over an originator and a destination, as plain values. */
@NullMarked
package dev.throughline.policy;

import org.jspecify.annotations.NullMarked;
