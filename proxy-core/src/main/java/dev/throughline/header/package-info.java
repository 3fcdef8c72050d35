/**
 * A reader and a writer for PROXY protocol v2 headers. This package has no cryptography and no identities. It implements the
 * PROXY protocol specification, version 2.0 (haproxy.org, proxy-protocol.txt, section 2.2), and is strict wherever two
 * receivers could read the same bytes differently.
 *
 * {@snippet class="dev.throughline.examples.ReadHeader" region="example"}
 */
@NullMarked
package dev.throughline.header;

import org.jspecify.annotations.NullMarked;
