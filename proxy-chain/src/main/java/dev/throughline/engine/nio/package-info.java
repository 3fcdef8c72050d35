/** The engine on every system: Java's own channels and selectors (java.nio). */
@NullMarked
package dev.throughline.engine.nio;

import org.jspecify.annotations.NullMarked;
