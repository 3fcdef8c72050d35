package dev.throughline.tests;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A public test vector for another program: only the bytes of its header, whatever the result of its chain. */
record HeaderVector(String name, byte[] bytes) {
    private static final int FIXED_BYTES = 16;
    private static final Path FOLDER = Program.checkout().resolve("proxy-core/src/test/resources/vectors");

    static ImmutableList<HeaderVector> all() {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".txt"))
                    .sorted()
                    .map(name -> named(name.substring(0, name.length() - ".txt".length())))
                    .collect(ImmutableList.toImmutableList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the vectors that the project's reader accepts. */
    static ImmutableList<HeaderVector> readable() {
        return all().stream().filter(vector -> vector.header().isPresent()).collect(ImmutableList.toImmutableList());
    }

    static HeaderVector named(String name) {
        try (Stream<String> lines = Files.lines(FOLDER.resolve(name + ".txt"))) {
            // After the first empty line there is hex, with the names of the parts.
            String hex = lines.dropWhile(line -> !line.isEmpty())
                    .map(line -> line.replaceFirst("#.*", "").replace(" ", ""))
                    .collect(Collectors.joining());
            return new HeaderVector(name, HexFormat.of().parseHex(hex));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns this header with another source port, which identifies it in a log. */
    HeaderVector from(int sourcePort) {
        int addressBytes = flow().transport().addressBytes();
        byte[] changed = bytes.clone();
        ByteBuffer.wrap(changed).putShort(FIXED_BYTES + addressBytes - 4, (short) sourcePort);
        return new HeaderVector(name, changed);
    }

    /** Returns the flow in the header. */
    Tuple flow() {
        return header().flatMap(Header::tuple).orElseThrow();
    }

    Optional<Header> header() {
        return new HeaderReader(HeaderLimits.NORMAL).read(bytes, bytes.length) instanceof ReadResult.Complete complete
                ? Optional.of(complete.header())
                : Optional.empty();
    }

    @Override
    public String toString() {
        return name;
    }
}
