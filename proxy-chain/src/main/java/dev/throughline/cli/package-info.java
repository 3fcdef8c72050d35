/** The command line: one class for each command. Data goes to standard output, messages to standard error. */
@NullMarked
package dev.throughline.cli;

import org.jspecify.annotations.NullMarked;
