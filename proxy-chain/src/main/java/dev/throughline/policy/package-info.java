/** Rules over the originator and destination of a flow, as plain values. */
@NullMarked
package dev.throughline.policy;

import org.jspecify.annotations.NullMarked;
