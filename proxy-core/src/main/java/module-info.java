/**
 * The signed header as a library. It reads a PROXY v2 header ({@link dev.throughline.header}), verifies and signs its chain
 * ({@link dev.throughline.chain}) with trusted keys ({@link dev.throughline.key}), and returns the originator ({@link
 * dev.throughline.originator}). It also reads and writes the messages between hops and agents ({@link dev.throughline.bridge}),
 * and shares limited resources fairly ({@link dev.throughline.budget}). SPEC.md ("SPEC" in these pages) is the authority on
 * every byte. Time and randomness are parameters; nothing here opens sockets, waits or logs. Malformed bytes are results, not
 * exceptions.
 */
module dev.throughline.core {
    requires static transitive org.jspecify;
    requires com.google.common;
    requires org.bouncycastle.provider;

    exports dev.throughline.bridge;
    exports dev.throughline.budget;
    exports dev.throughline.chain;
    exports dev.throughline.header;
    exports dev.throughline.key;
    exports dev.throughline.originator;
}
