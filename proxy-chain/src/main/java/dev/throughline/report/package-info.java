/** The JSON forms of flows, originators and chains, shared by the log, the admin interface and the command line. */
@NullMarked
package dev.throughline.report;

import org.jspecify.annotations.NullMarked;
