package dev.throughline.examples;

import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.io.InputStream;

/** Reads a PROXY v2 header from standard input, and no byte after it. */
public final class ReadHeader {
    private ReadHeader() {}

    public static void main(String[] args) throws IOException {
        System.out.println(
                switch (from(System.in)) {
                    case ReadResult.Complete complete ->
                        "unverified: "
                                + complete.header().tuple().map(Tuple::toString).orElse("no flow");
                    case ReadResult.Malformed bad -> "malformed at byte " + bad.offset() + ": " + bad.problem();
                    case ReadResult.NeedMore more -> "cut off, " + more.total() + " bytes were expected";
                });
    }

    // @start region="example"
    static ReadResult from(InputStream in) throws IOException {
        HeaderReader reader = new HeaderReader(HeaderLimits.NORMAL);
        byte[] bytes = new byte[HeaderLimits.NORMAL.maxBytes()];
        int length = 0;
        ReadResult result = reader.read(bytes, length);
        while (result instanceof ReadResult.NeedMore more && length < more.total()) {
            int count = in.read(bytes, length, more.total() - length);
            if (count < 0) break; // closed
            length += count;
            result = reader.read(bytes, length);
        }
        return result;
    }
    // @end
}
