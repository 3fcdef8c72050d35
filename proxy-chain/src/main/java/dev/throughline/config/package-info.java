/** The configuration of one hop: YAML in, records out, and every problem at once with its line and column. */
@NullMarked
package dev.throughline.config;

import org.jspecify.annotations.NullMarked;
