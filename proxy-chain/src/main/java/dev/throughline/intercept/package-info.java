/**
 * How connections get in. The kernel's rules are derived from a {@link dev.throughline.intercept.RulePlan}, which is a
 * plain value; only {@link dev.throughline.intercept.RuleTables} touches the system.
 */
@NullMarked
package dev.throughline.intercept;

import org.jspecify.annotations.NullMarked;
