package dev.throughline.keys;

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

/** The keys of a hop that expire without a successor. Warns an operator before headers are rejected. */
public record KeyExpiryReport(HopKeys keys, Instant now) {
    /** How long before its end a key without a successor is reported. */
    public static final Duration NOTICE = Duration.ofDays(14);

    /** Returns the trusted keys without a successor: at their end no other key of their hop has the same rights. */
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

    /** Returns the time until the first of these keys ends. */
    public Optional<Duration> untilNextExpiry() {
        return ending().flatMap(entry -> entry.until().stream())
                .min(Comparator.naturalOrder())
                .map(end -> Duration.between(now, end));
    }

    /** Returns how many of these keys end soon. */
    public long expiring() {
        return ending().filter(entry -> isSoon(entry.until().orElseThrow())).count();
    }

    /** Returns the end of this hop's own key as given in its own trust file, if it is soon and no key follows. */
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

    /** Returns one line for each problem. */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        own(warnings);
        for (TrustEntry entry : keys.trust().entries()) {
            String name = "key " + entry.key().id() + " of " + entry.key().hopName();
            boolean alone = !isSigning(entry) && !keys.trust().hasSubstitute(entry, now);
            switch (entry.state(now)) {
                case EXPIRED -> {
                    if (alone) {
                        warnings.add(name + " has expired, and no other key has its rights: its headers are refused");
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
                        + in(entry.until().orElseThrow()) + ", and no other key has its rights: rotate it")
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
                .ifPresent(start -> warnings.add("key " + key.id() + " signs before its start time, " + start
                        + ", because no other key of this hop has started"));
        if (keys.trust().find(key.id()).map(TrustEntry::isRevoked).orElse(false)) {
            warnings.add("this hop signs with key " + key.id() + ", which is revoked in its own trust file");
        }
        ownEnd().ifPresent(end -> warnings.add("this hop's own key " + key.id()
                + (now.isBefore(end) ? " expires " + in(end) : " has expired, at " + end)
                + ", and this hop has no later key: throughline keys rotate"));
    }

    /** Returns text such as {@code in 3 days, at 2027-01-04T00:00:00Z}. */
    private String in(Instant end) {
        return KeyTimes.in(now, end) + ", at " + end;
    }
}
