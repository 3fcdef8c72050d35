package dev.throughline.keys;

import dev.throughline.key.KeyId;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.PublicKey;
import dev.throughline.key.TrustEntry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The differences between two versions of the keys, one line for each key. */
public final class KeyChanges {
    private KeyChanges() {}

    /** Returns the changes from {@code before} to {@code after} at the time {@code now}. */
    public static List<String> between(HopKeys before, HopKeys after, Instant now) {
        List<String> changes = new ArrayList<>();
        own(before.own(), after.own(), now, changes);
        for (TrustEntry entry : after.trust().entries()) {
            trusted(before.trust().find(entry.key().id()), entry, now).ifPresent(changes::add);
        }
        for (TrustEntry entry : before.trust().entries()) {
            if (after.trust().find(entry.key().id()).isEmpty()) {
                changes.add("no longer trusts " + name(entry.key()));
            }
        }
        return changes;
    }

    private static void own(PrivateKeys before, PrivateKeys after, Instant now, List<String> changes) {
        PublicKey signed = before.signingAt(now).key().publicKey();
        PublicKey signs = after.signingAt(now).key().publicKey();
        if (!signs.equals(signed)) {
            changes.add("now signs with " + name(signs) + ", before with " + signed.id());
        }
        for (PrivateKeys.Entry entry : after.entries()) {
            if (!before.entries().contains(entry) && after.state(entry, now) == PrivateKeys.State.VERIFY_ONLY) {
                changes.add("will sign with " + name(entry.key().publicKey()) + " from "
                        + entry.from().orElse(Instant.MIN));
            }
        }
        for (PrivateKeys.Entry entry : before.entries()) {
            PublicKey key = entry.key().publicKey();
            if (!has(after, key.id())) {
                changes.add("secret key dropped: " + name(key));
            }
        }
    }

    private static boolean has(PrivateKeys keys, KeyId id) {
        return keys.entries().stream()
                .anyMatch(entry -> entry.key().publicKey().id().equals(id));
    }

    private static Optional<String> trusted(Optional<TrustEntry> before, TrustEntry after, Instant now) {
        if (before.equals(Optional.of(after))) {
            return Optional.empty();
        }
        String key = name(after.key());
        return switch (after.state(now)) {
            case REVOKED ->
                before.map(TrustEntry::isRevoked).orElse(false) ? Optional.empty() : Optional.of(key + " is revoked");
            case EXPIRED ->
                Optional.of("no longer trusts " + key + ": it expired at "
                        + after.until().orElseThrow());
            case NOT_YET_VALID ->
                Optional.of("will trust " + key + " from " + after.from().orElseThrow() + ": " + rights(after));
            case TRUSTED ->
                Optional.of((before.isEmpty() ? "trusts " : "changed trust in ") + key + ": " + rights(after));
        };
    }

    private static String rights(TrustEntry entry) {
        return entry.rights() + entry.until().map(end -> " until " + end).orElse("");
    }

    private static String name(PublicKey key) {
        return "key " + key.id() + " of " + key.hopName();
    }
}
