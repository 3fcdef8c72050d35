package dev.throughline.demo;

import java.io.IOException;
import java.util.List;

/** Where the demo plays: three hops that run, and a destination behind them. */
interface DemoScene extends AutoCloseable {
    /** The scene in one picture. */
    String picture();

    /** The hops, in the order of the chain, ready. */
    List<HopProcess> hops();

    /** Where the application thinks it goes. */
    String url();

    /** The application: a command that fetches {@link #url}. */
    ProcessBuilder application(List<String> command) throws IOException;

    /** From now on, changes one byte of each header on its way to the last hop. */
    void tamper() throws IOException;

    @Override
    void close() throws IOException;
}
