/** Network namespaces on this host, for demonstrating and testing hops without changing the host's own network. */
@NullMarked
package dev.throughline.demo;

import org.jspecify.annotations.NullMarked;
