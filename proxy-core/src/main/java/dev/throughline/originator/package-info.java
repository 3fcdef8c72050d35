/**
 * Who opened a flow, and by what evidence we know. These are plain values; where they come from is said by their holder:
 * a {@link dev.throughline.chain.Verification.Verified} has one that every hop signed.
 */
@NullMarked
package dev.throughline.originator;

import org.jspecify.annotations.NullMarked;
