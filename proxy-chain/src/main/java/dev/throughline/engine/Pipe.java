package dev.throughline.engine;

import java.io.IOException;

/**
 * A pipe in the kernel, through which bytes go from one connection to another without being copied (splice(2)). All methods are
 * called on the connections' loop.
 */
public interface Pipe {
    /**
     * Takes bytes from the source.
     *
     * @return the number of bytes; 0 if there are none at the moment, or at the end of the input: {@link Connection#read} says which
     * @throws IOException if the source is lost
     */
    int fill() throws IOException;

    /**
     * Gives bytes to the destination, as many as the kernel takes.
     *
     * @throws IOException if the destination is lost
     */
    void drain() throws IOException;

    /** Returns the number of bytes in it. */
    int held();

    /** Returns it to its pool; bytes in it are lost. */
    void release();
}
