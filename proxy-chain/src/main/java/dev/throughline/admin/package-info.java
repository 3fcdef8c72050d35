/** What an operator reads from a running hop: flows, health, metrics, over HTTP. */
@NullMarked
package dev.throughline.admin;

import org.jspecify.annotations.NullMarked;
