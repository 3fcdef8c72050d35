package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Optional;

/**
 * Who signed the code of a process on macOS, as the kernel checked it. Without a team, the signing identifier is what the
 * signer chose: only both together name a program, or the cdhash alone one build of it.
 *
 * @param signingId the signing identifier, such as {@code com.apple.curl}
 * @param teamId the developer's team; absent for Apple's own programs and for code that its builder signed ad hoc
 * @param cdhash of the code directory (20 bytes), which the signature is over
 */
public record AppleSignature(Optional<String> signingId, Optional<String> teamId, Optional<Bytes> cdhash) {
    /** Nothing is known: another system, or code without a signature. */
    public static final AppleSignature UNKNOWN =
            new AppleSignature(Optional.empty(), Optional.empty(), Optional.empty());

    /** Checks the size of what has one. */
    public AppleSignature {
        Sizes.check(cdhash, 20, "cdhash");
    }
}
