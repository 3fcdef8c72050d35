/** The HTTP interface of a running hop for operators: flows, health, metrics, commands. */
@NullMarked
package dev.throughline.admin;

import org.jspecify.annotations.NullMarked;
