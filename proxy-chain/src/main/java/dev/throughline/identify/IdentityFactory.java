package dev.throughline.identify;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessIdentity;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A factory for identities of processes that were read.
 *
 * @param digestDeadline time to hash an executable; after it, the identity has no digest
 */
record IdentityFactory(Users users, Bytes bootId, Duration digestDeadline) {
    /** Returns the identity of {@code process}, with the name of its user {@code uid}. */
    CompletableFuture<ProcessIdentity> identity(Evidence evidence, ProcessReader.Reading process, int uid) {
        Optional<String> userName = users.name(uid);
        CompletableFuture<Optional<Bytes>> digest = process.digest();
        if (!digest.isDone()) {
            digest = digest.copy().completeOnTimeout(Optional.empty(), digestDeadline.toNanos(), TimeUnit.NANOSECONDS);
        }
        return process.described().thenCombine(digest, (described, sha256) -> {
            ProcessView view = described.reading().view();
            return new ProcessIdentity(
                    evidence,
                    OperatingSystem.LINUX,
                    Optional.of(view.id()),
                    Optional.of(view.credentials()),
                    described.code(sha256),
                    view.workload(bootId),
                    described.processContext(userName));
        });
    }
}
