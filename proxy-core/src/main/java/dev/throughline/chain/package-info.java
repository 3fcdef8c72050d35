/**
 * The signed chain inside a PROXY v2 header: one origin block and one link a hop. SPEC.md is the authority on every byte;
 * this package reads, signs and verifies it. What was read is {@link dev.throughline.chain.Claimed} until it is verified.
 *
 * <h2>Verify</h2>
 * {@snippet class="dev.throughline.examples.VerifyHeader" region="example"}
 *
 * <h2>Sign</h2>
 * {@snippet class="dev.throughline.examples.SignHeader" region="example"}
 */
@NullMarked
package dev.throughline.chain;

import org.jspecify.annotations.NullMarked;
