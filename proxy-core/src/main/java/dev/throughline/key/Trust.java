package dev.throughline.key;

import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The keys that a hop believes, and what each may do. A key that isn't in here is nobody's.
 *
 * <p>Text form: a line a key, {@code PUBLICKEY [origin=HOST[,HOST…]|origin=*] [hop] [from=INSTANT] [until=INSTANT]};
 * {@code #} begins a comment at the start of a line or after a blank.
 */
public final class Trust {
    /** No keys: every header is refused. */
    public static final Trust NOBODY = new Trust(ImmutableMap.of());

    private final ImmutableMap<KeyId, TrustEntry> entries;

    private Trust(ImmutableMap<KeyId, TrustEntry> entries) {
        this.entries = entries;
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
        List<String> problems = new ArrayList<>();
        int number = 0;
        for (String line : Splitter.on('\n').split(text)) {
            number++;
            String content = withoutComment(line);
            if (content.isBlank()) {
                continue;
            }
            try {
                TrustEntry entry = new Line(content).parse();
                if (entries.putIfAbsent(entry.key().id(), entry) != null) {
                    throw new LineProblem(
                            firstWord(content), "key " + entry.key().id() + " is listed twice");
                }
            } catch (LineProblem e) {
                problems.add(source + ":" + number + ":" + (e.column + 1) + ": " + e.getMessage());
            }
        }
        if (!problems.isEmpty()) {
            throw new KeyFormatException(String.join("\n", problems));
        }
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

    /** {@return all keys, in the order of the text} */
    public Iterable<TrustEntry> entries() {
        return entries.values();
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

    private static String withoutComment(String line) {
        if (line.startsWith("#")) {
            return "";
        }
        int hash = line.indexOf(" #");
        return (hash < 0 ? line : line.substring(0, hash)).stripTrailing();
    }

    private static int firstWord(String line) {
        return Math.max(0, CharMatcher.whitespace().negate().indexIn(line));
    }

    /** A problem with its column, from 0. */
    private static final class LineProblem extends Exception {
        private static final long serialVersionUID = 1L;
        private final int column;

        LineProblem(int column, String message) {
            super(message);
            this.column = column;
        }
    }

    /** One line that isn't blank. */
    private static final class Line {
        private final String content;
        private final ImmutableSet.Builder<String> hosts = ImmutableSet.builder();
        private final Set<String> given = new HashSet<>();
        private boolean anyHost;
        private boolean hop;
        private Optional<Instant> from = Optional.empty();
        private Optional<Instant> until = Optional.empty();

        Line(String content) {
            this.content = content;
        }

        TrustEntry parse() throws LineProblem {
            int at = firstWord(content);
            int end = wordEnd(at);
            PublicKey key;
            try {
                key = PublicKey.parse(content.substring(at, end));
            } catch (KeyFormatException e) {
                throw new LineProblem(at, String.valueOf(e.getMessage()));
            }
            for (at = nextWord(end); at < content.length(); at = nextWord(end)) {
                end = wordEnd(at);
                right(content.substring(at, end), at);
            }
            TrustEntry entry = new TrustEntry(key, hosts.build(), anyHost, hop, from, until);
            if (!entry.mayBeOrigin() && !hop) {
                throw new LineProblem(end, "the key may do nothing: add origin=HOST, hop, or both");
            }
            if (from.isPresent() && until.isPresent() && !from.get().isBefore(until.get())) {
                throw new LineProblem(end, "the key is never valid: until must be later than from");
            }
            return entry;
        }

        private void right(String word, int at) throws LineProblem {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals + 1);
            String value = word.substring(equals + 1);
            // With two values for one thing, which of them holds would be a choice that the author didn't make.
            if (!given.add(name)) {
                throw new LineProblem(at, "\"" + word + "\": the line says this already");
            }
            switch (name) {
                case "hop" -> hop = true;
                case "origin=" -> origin(value, at + equals + 1);
                case "from=" -> from = Optional.of(instant(value, at + equals + 1));
                case "until=" -> until = Optional.of(instant(value, at + equals + 1));
                default ->
                    throw new LineProblem(
                            at,
                            "unknown word \"" + word + "\": expected origin=HOST, hop, from=INSTANT or until=INSTANT");
            }
        }

        private void origin(String value, int at) throws LineProblem {
            if (value.equals("*")) {
                anyHost = true;
                return;
            }
            for (String host : Splitter.on(',').split(value)) {
                try {
                    HostId.of(host);
                } catch (IllegalArgumentException e) {
                    throw new LineProblem(at, String.valueOf(e.getMessage()));
                }
                hosts.add(host);
            }
        }

        private static Instant instant(String value, int at) throws LineProblem {
            try {
                return Instant.parse(value);
            } catch (DateTimeParseException e) {
                throw new LineProblem(at, "\"" + value + "\" is not an instant such as 2027-01-31T00:00:00Z");
            }
        }

        private int wordEnd(int at) {
            int end = CharMatcher.whitespace().indexIn(content, at);
            return end < 0 ? content.length() : end;
        }

        private int nextWord(int at) {
            int next = CharMatcher.whitespace().negate().indexIn(content, at);
            return next < 0 ? content.length() : next;
        }
    }
}
