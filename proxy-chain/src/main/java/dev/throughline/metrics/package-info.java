/** Metrics with Prometheus names and bounded labels: never a pid, a path or an address. */
@NullMarked
package dev.throughline.metrics;

import org.jspecify.annotations.NullMarked;
