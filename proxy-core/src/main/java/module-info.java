/**
 * The signed header as a library: reads a PROXY v2 header ({@link dev.throughline.header}), verifies and signs the chain in
 * it ({@link dev.throughline.chain}) with the keys that somebody trusts ({@link dev.throughline.key}), and says who opened
 * the flow ({@link dev.throughline.originator}); and reads and writes what agents hand over
 * ({@link dev.throughline.bridge}). Beside it, who may use places that are few ({@link dev.throughline.budget}). SPEC.md, to which "SPEC" in these pages refers, is the authority on every
 * byte. Time, randomness and sockets come in as values: nothing here opens, waits, logs or keeps a clock. Bad bytes are
 * answered, not thrown.
 */
module dev.throughline.core {
    requires static transitive org.jspecify;
    requires transitive com.google.common;
    requires org.bouncycastle.provider;

    exports dev.throughline.bridge;
    exports dev.throughline.budget;
    exports dev.throughline.chain;
    exports dev.throughline.header;
    exports dev.throughline.key;
    exports dev.throughline.originator;
}
