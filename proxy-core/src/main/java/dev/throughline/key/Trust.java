package dev.throughline.key;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.ImmutableSetMultimap;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.PlainText;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The keys that a hop trusts, with their rights. Other keys have no rights.
 *
 * <p>Text form: one line for each key, {@code PUBLICKEY [origin=HOST[,HOST…]|origin=*] [hop] [from=INSTANT] [until=INSTANT]
 * [revoked]}; {@code #} starts a comment at the start of a line or after a space or tab. The line of a revoked key stays, so
 * that nobody adds the key again; its comment says why.
 */
public final class Trust {
    /** Trusts no key: every header is rejected. */
    public static final Trust NOBODY = new Trust(ImmutableMap.of());

    private final ImmutableMap<KeyId, TrustEntry> entries;
    /** The hosts that entries name, by their ids in headers. */
    private final ImmutableSetMultimap<KeyId, HostId> hosts;

    private Trust(ImmutableMap<KeyId, TrustEntry> entries) {
        this.entries = entries;
        this.hosts = entries.values().stream()
                .collect(ImmutableSetMultimap.flatteningToImmutableSetMultimap(
                        entry -> entry.key().id(),
                        entry -> entry.originHosts().stream().map(HostId::of)));
    }

    /**
     * Creates a trust set.
     *
     * @param entries at most one for each key
     * @return the trust set
     * @throws IllegalArgumentException if a key has two entries
     */
    public static Trust of(List<TrustEntry> entries) {
        ImmutableMap.Builder<KeyId, TrustEntry> map = ImmutableMap.builder();
        entries.forEach(entry -> map.put(entry.key().id(), entry));
        return new Trust(map.buildOrThrow());
    }

    /**
     * Reads a trust file's text.
     *
     * @param source the file's name, for messages
     * @param text the whole text
     * @return the trusted keys
     * @throws KeyFormatException with a line {@code source:line:column: problem} for each problem in the text
     */
    public static Trust parse(String source, String text) throws KeyFormatException {
        Map<KeyId, TrustEntry> entries = new LinkedHashMap<>();
        TextLine.readAll(source, text, line -> {
            TrustEntry entry = new Line(line).parse();
            if (entries.putIfAbsent(entry.key().id(), entry) != null) {
                throw new TextLine.Problem(
                        line.first().column(), "key " + entry.key().id() + " is listed twice");
            }
        });
        return new Trust(ImmutableMap.copyOf(entries));
    }

    /**
     * Returns the entry of a key.
     *
     * @param id id of the key
     * @return empty for a key that isn't listed
     */
    public Optional<TrustEntry> find(KeyId id) {
        return Optional.ofNullable(entries.get(id));
    }

    /**
     * Returns whether a key may write the origin of a host's flows.
     *
     * @param entry an entry of this set
     * @param host any host
     * @return whether the host is in its scope
     */
    public boolean mayBeOriginFor(TrustEntry entry, HostId host) {
        return entry.anyHost() || hosts.containsEntry(entry.key().id(), host);
    }

    /** {@return all keys, in the order of the text} */
    public Iterable<TrustEntry> entries() {
        return entries.values();
    }

    /**
     * Returns whether another key of the same hop has all rights of a key.
     *
     * @param entry the key's entry
     * @param then the time
     * @return whether there is such a key
     */
    public boolean hasSubstitute(TrustEntry entry, Instant then) {
        return entries.values().stream()
                .anyMatch(other -> !other.key().equals(entry.key())
                        && other.key().hopName().equals(entry.key().hopName())
                        && other.state(then) == TrustEntry.State.TRUSTED
                        && other.hasAllRightsOf(entry));
    }

    /**
     * Returns the name of a hop.
     *
     * @param hop id of the hop
     * @return empty if no trusted key has it
     */
    public Optional<String> nameOf(HopId hop) {
        return entries.values().stream()
                .map(entry -> entry.key().hopName())
                .filter(name -> HopId.of(name).equals(hop))
                .findFirst();
    }

    /**
     * Returns the name of a host.
     *
     * @param host id of the host
     * @return empty if it isn't in the scope of a trusted origin
     */
    public Optional<String> nameOf(HostId host) {
        return entries.values().stream()
                .flatMap(entry -> entry.originHosts().stream())
                .filter(name -> HostId.of(name).equals(host))
                .findFirst();
    }

    /** A line with an entry. */
    private static final class Line {
        private final TextLine line;
        private final ImmutableSet.Builder<String> hosts = ImmutableSet.builder();
        private final Set<String> given = new HashSet<>();
        private boolean anyHost;
        private boolean hop;
        private Optional<Instant> from = Optional.empty();
        private Optional<Instant> until = Optional.empty();
        private Optional<String> revoked = Optional.empty();

        Line(TextLine line) {
            this.line = line;
        }

        TrustEntry parse() throws TextLine.Problem {
            PublicKey key;
            try {
                key = PublicKey.parseWord(line.first().text());
            } catch (KeyFormatException e) {
                throw new TextLine.Problem(line.first().column(), String.valueOf(e.getMessage()));
            }
            for (TextLine.Word word : line.rest()) {
                right(word);
            }
            TrustEntry entry = new TrustEntry(key, hosts.build(), anyHost, hop, from, until, revoked);
            if (!entry.mayBeOrigin() && !hop && revoked.isEmpty()) {
                throw new TextLine.Problem(line.end(), "the key has no right: add origin=HOST, hop, or both");
            }
            if (from.isPresent() && until.isPresent() && !from.get().isBefore(until.get())) {
                throw new TextLine.Problem(line.end(), "the key is never valid: until must be later than from");
            }
            return entry;
        }

        private void right(TextLine.Word word) throws TextLine.Problem {
            // With two values for one option, the effective one would be a choice that the author didn't make.
            if (!given.add(word.name())) {
                throw new TextLine.Problem(
                        word.column(), "\"" + word.text() + "\" repeats \"" + word.name() + "\" of this line");
            }
            switch (word.name()) {
                case "hop" -> hop = true;
                case "origin=" -> origin(word);
                case "from=" -> from = Optional.of(word.instant("\"" + word.value() + "\""));
                case "until=" -> until = Optional.of(word.instant("\"" + word.value() + "\""));
                case "revoked" -> revoked = Optional.of(line.comment());
                default ->
                    throw new TextLine.Problem(
                            word.column(),
                            "unknown word \"" + PlainText.visible(word.text())
                                    + "\": expected origin=HOST, hop, from=INSTANT, until=INSTANT or revoked");
            }
        }

        private void origin(TextLine.Word word) throws TextLine.Problem {
            if (word.value().equals("*")) {
                anyHost = true;
                return;
            }
            for (String host : Splitter.on(',').split(word.value())) {
                try {
                    HostId.of(host);
                } catch (IllegalArgumentException e) {
                    throw new TextLine.Problem(word.valueColumn(), String.valueOf(e.getMessage()));
                }
                hosts.add(host);
            }
        }
    }
}
