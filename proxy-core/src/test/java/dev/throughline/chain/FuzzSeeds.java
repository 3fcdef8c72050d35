package dev.throughline.chain;

import com.google.common.primitives.Bytes;
import com.google.common.primitives.Shorts;
import dev.throughline.header.ReadResult;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** The seeds for fuzzing: every vector in the format of the target. */
final class FuzzSeeds {
    /** Vectors in the order of their names; a vector's number is its index. */
    static final List<Vector> VECTORS = vectors();

    private FuzzSeeds() {}

    /** Headers. */
    static Stream<Arguments> headers() {
        return VECTORS.stream().map(vector -> Arguments.of((Object) vector.bytes()));
    }

    /** Chains, without the TLVs around them. */
    static Stream<Arguments> chains() {
        return VECTORS.stream()
                .filter(vector -> Scene.read(vector.bytes()) instanceof ReadResult.Complete)
                .map(vector -> (Object) ChainFuzz.content(Scene.complete(vector.bytes())))
                .map(Arguments::of);
    }

    /** A vector's number, 0 for no correction, then its header. */
    static Stream<Arguments> arrivals() {
        return IntStream.range(0, VECTORS.size())
                .mapToObj(i -> (Object) Bytes.concat(
                        Shorts.toByteArray((short) i),
                        new byte[1],
                        VECTORS.get(i).bytes()))
                .map(Arguments::of);
    }

    private static List<Vector> vectors() {
        try {
            return VectorTest.names().map(FuzzSeeds::vector).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Vector vector(String name) {
        try {
            return Vector.parse(name, Files.readString(Vector.DIRECTORY.resolve(name)));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
