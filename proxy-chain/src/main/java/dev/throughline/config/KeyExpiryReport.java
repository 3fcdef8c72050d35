package dev.throughline.config;

import com.google.common.collect.Streams;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.PublicKey;
import dev.throughline.key.TrustEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What will end among a hop's keys and isn't followed by anything: what an operator is told before flows are refused. */
public record KeyExpiryReport(HopKeys keys, Instant now) {
    /** So long before its end a key without a successor is warned of. */
    public static final Duration NOTICE = Duration.ofDays(14);

    /** The trusted keys whose end would be felt, since no other key of their hop may do then what they may. */
    private Stream<TrustEntry> ending() {
        return Streams.stream(keys.trust().entries())
                .filter(entry -> entry.state(now) == TrustEntry.State.TRUSTED)
                .filter(entry -> entry.until()
                        .map(end -> !keys.trust().hasSubstitute(entry, end))
                        .orElse(false));
    }

    private boolean isSoon(Instant end) {
        return !end.isAfter(now.plus(NOTICE));
    }

    /** How long until the first of them ends. */
    public Optional<Duration> untilNextExpiry() {
        return ending().flatMap(entry -> entry.until().stream())
                .min(Comparator.naturalOrder())
                .map(end -> Duration.between(now, end));
    }

    /** How many of them end soon. */
    public long expiring() {
        return ending().filter(entry -> isSoon(entry.until().orElseThrow())).count();
    }

    /** When this hop's own key ends, as far as its own trust file says it, if that is soon and no key follows. */
    private Optional<Instant> ownEnd() {
        PublicKey signing = keys.own().signingAt(now).key().publicKey();
        return keys.trust()
                .find(signing.id())
                .flatMap(TrustEntry::until)
                .filter(end -> isSoon(end)
                        && keys.own().signingAt(end).key().publicKey().equals(signing));
    }

    public boolean isRotationDue() {
        return ownEnd().isPresent();
    }

    /** A line for each thing to do. */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        own(warnings);
        for (TrustEntry entry : keys.trust().entries()) {
            String name = "key " + entry.key().id() + " of " + entry.key().hopName();
            boolean alone = !isSigning(entry) && !keys.trust().hasSubstitute(entry, now);
            switch (entry.state(now)) {
                case EXPIRED -> {
                    if (alone) {
                        warnings.add(name + " has expired, and no other may do what it could: its headers are refused");
                    }
                }
                case NOT_YET_VALID -> {
                    if (alone) {
                        warnings.add(name + " isn't valid before "
                                + entry.from().orElseThrow() + ": its headers are refused until then");
                    }
                }
                case TRUSTED, REVOKED -> {}
            }
        }
        ending().filter(entry -> isSoon(entry.until().orElseThrow()) && !isSigning(entry))
                .map(entry -> "key " + entry.key().id() + " of " + entry.key().hopName() + " expires "
                        + in(entry.until().orElseThrow()) + ", and no other may do what it may: time to rotate it")
                .forEach(warnings::add);
        return warnings;
    }

    private boolean isSigning(TrustEntry entry) {
        return entry.key().equals(keys.own().signingAt(now).key().publicKey());
    }

    private void own(List<String> warnings) {
        PrivateKeys.Entry signing = keys.own().signingAt(now);
        PublicKey key = signing.key().publicKey();
        signing.from()
                .filter(now::isBefore)
                .ifPresent(start -> warnings.add("key " + key.id() + " signs before its time, " + start
                        + ", since this hop has no other that has begun"));
        if (keys.trust().find(key.id()).map(TrustEntry::isRevoked).orElse(false)) {
            warnings.add("this hop signs with key " + key.id() + ", which its own trust file calls revoked");
        }
        ownEnd().ifPresent(end -> warnings.add("this hop's own key " + key.id()
                + (now.isBefore(end) ? " expires " + in(end) : " has expired, at " + end)
                + ", and no key follows it: throughline keys rotate"));
    }

    /** Such as {@code in 3 days, at 2027-01-04T00:00:00Z}. */
    private String in(Instant end) {
        return KeyTimes.in(now, end) + ", at " + end;
    }
}
