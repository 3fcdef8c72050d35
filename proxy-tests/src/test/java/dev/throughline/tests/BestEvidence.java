package dev.throughline.tests;

import dev.throughline.identify.ebpf.TracerStartup;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The best evidence of hops with the rights of this process on this host. */
final class BestEvidence {
    /** {@code kernel-connect} if connect tracing is possible, otherwise {@code socket-lookup}. */
    static final String HERE = here();

    private BestEvidence() {}

    private static String here() {
        if (TracerStartup.begin(1) instanceof TracerStartup.Started(var notes)) {
            try {
                notes.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return "kernel-connect";
        }
        return "socket-lookup";
    }
}
