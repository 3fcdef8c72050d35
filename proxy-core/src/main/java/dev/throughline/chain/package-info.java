/**
 * The signed chain inside a PROXY v2 header: one origin block and one link for each hop. SPEC.md is the authority on every
 * byte; this package reads, signs and verifies chains. Unverified content is {@link dev.throughline.chain.Claimed}.
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
