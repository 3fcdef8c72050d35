/** The configuration of a hop. Readers turn YAML into records and report all problems at once, with line and column. */
@NullMarked
package dev.throughline.config;

import org.jspecify.annotations.NullMarked;
