/** The command line: one class a command, data on standard output, messages on standard error. */
@NullMarked
package dev.throughline.cli;

import org.jspecify.annotations.NullMarked;
