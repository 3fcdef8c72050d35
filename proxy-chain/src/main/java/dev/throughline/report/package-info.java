/** How flows, originators and chains are said to programs: one JSON form for the log, the admin interface and the CLI. */
@NullMarked
package dev.throughline.report;

import org.jspecify.annotations.NullMarked;
