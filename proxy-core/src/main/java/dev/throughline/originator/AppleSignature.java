package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Objects;
import java.util.Optional;

/**
 * The code signature of a process on macOS, as the kernel checked it. The signer chooses the signing identifier, so without a
 * team it identifies nothing: only identifier and team together name a program, and only the cdhash names one build of it.
 *
 * @param signingId the signing identifier, such as {@code com.apple.curl}
 * @param teamId the developer's team; absent for Apple's own programs and for code that its builder signed ad hoc
 * @param cdhash hash of the code directory, which the signature covers (20 bytes)
 */
public record AppleSignature(Optional<String> signingId, Optional<String> teamId, Optional<Bytes> cdhash) {
    /** An unknown signature: another system, or unsigned code. */
    public static final AppleSignature UNKNOWN =
            new AppleSignature(Optional.empty(), Optional.empty(), Optional.empty());

    /** Checks the size of the cdhash. */
    public AppleSignature {
        Sizes.check(cdhash, 20, "cdhash");
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof AppleSignature that
                && signingId.equals(that.signingId)
                && teamId.equals(that.teamId)
                && cdhash.equals(that.cdhash);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return Objects.hash(signingId, teamId, cdhash);
    }
}
