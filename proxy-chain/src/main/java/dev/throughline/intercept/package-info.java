/**
 * Listeners and interception. The kernel's rules are derived from a {@link dev.throughline.intercept.RulePlan}, a plain
 * value; only {@link dev.throughline.intercept.RuleTables} changes the system.
 */
@NullMarked
package dev.throughline.intercept;

import org.jspecify.annotations.NullMarked;
