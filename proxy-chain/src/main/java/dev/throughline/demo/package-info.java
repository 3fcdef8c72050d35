/** A small network inside this host, for showing and testing hops without touching the host's own network. */
@NullMarked
package dev.throughline.demo;

import org.jspecify.annotations.NullMarked;
