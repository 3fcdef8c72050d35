package dev.throughline.demo;

import java.io.IOException;
import java.util.List;

/** The environment of the demo: three running hops and a destination. */
interface DemoScene extends AutoCloseable {
    /** Returns a diagram of the scene. */
    String picture();

    /** Returns the hops, in the order of the chain. */
    List<HopProcess> hops();

    /** Returns the URL that the application requests. */
    String url();

    /** Returns a process builder for the application, with a command that fetches {@link #url}. */
    ProcessBuilder application(List<String> command) throws IOException;

    /** Starts changing one byte of each header on its way to the last hop. */
    void tamper() throws IOException;

    @Override
    void close() throws IOException;
}
