/**
 * Originators of flows, with the evidence for them. These are plain values; the type that holds one tells whether it can be
 * trusted: the one in a {@link dev.throughline.chain.Verification.Verified} was signed by every hop.
 */
@NullMarked
package dev.throughline.originator;

import org.jspecify.annotations.NullMarked;
