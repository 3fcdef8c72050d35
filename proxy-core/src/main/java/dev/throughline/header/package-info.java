/**
 * PROXY protocol v2 bytes to {@link dev.throughline.header.Header} and back. This package knows no cryptography and no
 * identity: it reads and writes what the PROXY protocol specification, version 2.0 (haproxy.org, proxy-protocol.txt,
 * section 2.2) defines, and it is strict wherever a second reading of the same bytes would be possible.
 *
 * {@snippet class="dev.throughline.examples.ReadHeader" region="example"}
 */
@NullMarked
package dev.throughline.header;

import org.jspecify.annotations.NullMarked;
