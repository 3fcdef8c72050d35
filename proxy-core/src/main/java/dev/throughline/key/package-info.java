/** Keys of hops, their rights, and their text forms. */
@NullMarked
package dev.throughline.key;

import org.jspecify.annotations.NullMarked;
