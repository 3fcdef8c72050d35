/** Key and trust files: reading, changing and writing them, and when their keys expire. */
@NullMarked
package dev.throughline.keys;

import org.jspecify.annotations.NullMarked;
