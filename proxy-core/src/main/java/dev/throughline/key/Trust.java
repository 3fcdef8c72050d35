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
 * The keys that a hop believes, and what each may do. A key that isn't in here is nobody's.
 *
 * <p>Text form: a line a key, {@code PUBLICKEY [origin=HOST[,HOST…]|origin=*] [hop] [from=INSTANT] [until=INSTANT]
 * [revoked]}; {@code #} begins a comment at the start of a line or after a space or tab. A revoked key's line stays, so that
 * nobody adds the key again; its comment says why.
 */
public final class Trust {
    /** No keys: every header is refused. */
    public static final Trust NOBODY = new Trust(ImmutableMap.of());

    private final ImmutableMap<KeyId, TrustEntry> entries;
    /** The hosts that entries name, as they are written in headers. */
    private final ImmutableSetMultimap<KeyId, HostId> hosts;

    private Trust(ImmutableMap<KeyId, TrustEntry> entries) {
        this.entries = entries;
        this.hosts = entries.values().stream()
                .collect(ImmutableSetMultimap.flatteningToImmutableSetMultimap(
                        entry -> entry.key().id(),
                        entry -> entry.originHosts().stream().map(HostId::of)));
    }

    /**
     * These keys.
     *
     * @param entries at most one a key
     * @return what they may do
     * @throws IllegalArgumentException if a key is there twice
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
     * @param text all of it
     * @return what the keys in it may do
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
     * What a key may do.
     *
     * @param id the key's
     * @return empty for a key that isn't trusted
     */
    public Optional<TrustEntry> find(KeyId id) {
        return Optional.ofNullable(entries.get(id));
    }

    /**
     * Whether a key may write the origin of a host's flows.
     *
     * @param entry one of these
     * @param host any
     * @return whether it is in scope
     */
    public boolean mayBeOriginFor(TrustEntry entry, HostId host) {
        return entry.anyHost() || hosts.containsEntry(entry.key().id(), host);
    }

    /** {@return all keys, in the order of the text} */
    public Iterable<TrustEntry> entries() {
        return entries.values();
    }

    /**
     * Whether another key of the same hop may do all that a key may.
     *
     * @param entry the key's
     * @param then the time at which
     * @return whether there is one
     */
    public boolean hasSubstitute(TrustEntry entry, Instant then) {
        return entries.values().stream()
                .anyMatch(other -> !other.key().equals(entry.key())
                        && other.key().hopName().equals(entry.key().hopName())
                        && other.state(then) == TrustEntry.State.TRUSTED
                        && other.mayAllThat(entry));
    }

    /**
     * The name behind a hop id.
     *
     * @param hop any
     * @return empty if no trusted key carries it
     */
    public Optional<String> nameOf(HopId hop) {
        return entries.values().stream()
                .map(entry -> entry.key().hopName())
                .filter(name -> HopId.of(name).equals(hop))
                .findFirst();
    }

    /**
     * The name behind a host id.
     *
     * @param host any
     * @return empty if no origin's scope carries it
     */
    public Optional<String> nameOf(HostId host) {
        return entries.values().stream()
                .flatMap(entry -> entry.originHosts().stream())
                .filter(name -> HostId.of(name).equals(host))
                .findFirst();
    }

    /** One line that says something. */
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
            // With two values for one thing, which of them holds would be a choice that the author didn't make.
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
