/** Keys of hops, who may use them for what, and how a person writes them down. */
@NullMarked
package dev.throughline.key;

import org.jspecify.annotations.NullMarked;
