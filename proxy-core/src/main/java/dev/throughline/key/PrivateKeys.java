package dev.throughline.key;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The private keys of one hop. One signs at any time: the latest whose start has passed. So a new key can be distributed before
 * it signs, and takes over automatically.
 *
 * <p>Text form: one line for each key, {@code SECRETKEY [from=INSTANT]}, with comments as in a trust file. The earliest signs
 * until the start of the next one.
 */
public final class PrivateKeys {
    private static final Comparator<Entry> BY_BEGINNING = Comparator.comparing(entry -> entry.from.orElse(Instant.MIN));

    private final List<Entry> entries;

    private PrivateKeys(List<Entry> entries) {
        this.entries = entries.stream().sorted(BY_BEGINNING).toList();
    }

    /**
     * One key of a hop.
     *
     * @param key the key
     * @param from when it starts to sign; empty if it always could
     */
    public record Entry(PrivateKey key, Optional<Instant> from) {
        /** {@return its line of a key file, which is secret} */
        public String toSecretText() {
            return key.toSecretText() + from.map(start -> " from=" + start).orElse("");
        }
    }

    /** The state of a key at one time. */
    public enum State {
        /** It doesn't sign yet; others may trust it already. */
        VERIFY_ONLY,
        /** It signs now. */
        SIGNING,
        /** It no longer signs. */
        RETIRED;

        /** Returns the form that commands use, such as {@code verify-only}. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * Creates a set of one key, which always signs.
     *
     * @param key of the hop
     * @return the set
     */
    public static PrivateKeys of(PrivateKey key) {
        return new PrivateKeys(List.of(new Entry(key, Optional.empty())));
    }

    /**
     * Reads the text of a key file. Messages don't quote the text, which may be part of a secret.
     *
     * @param source the file's name, for messages
     * @param text all of it
     * @return at least one key
     * @throws KeyFormatException with a line {@code source:line:column: problem} for each problem in the text
     */
    public static PrivateKeys parse(String source, String text) throws KeyFormatException {
        List<Entry> entries = new ArrayList<>();
        TextLine.readAll(source, text, line -> entries.add(entry(line, entries)));
        if (entries.isEmpty()) {
            throw new KeyFormatException(source + ": no secret key in this file");
        }
        return new PrivateKeys(entries);
    }

    private static Entry entry(TextLine line, List<Entry> before) throws TextLine.Problem {
        PrivateKey key;
        try {
            key = PrivateKey.parseWord(line.first().text());
        } catch (KeyFormatException e) {
            throw new TextLine.Problem(line.first().column(), String.valueOf(e.getMessage()));
        }
        Optional<Instant> from = Optional.empty();
        for (TextLine.Word word : line.rest()) {
            if (!word.name().equals("from=") || from.isPresent()) {
                throw new TextLine.Problem(
                        word.column(), "unexpected word after the key: expected at most one from=INSTANT");
            }
            from = Optional.of(word.instant("something else"));
        }
        Entry entry = new Entry(key, from);
        for (Entry other : before) {
            checkBeside(entry, other, line);
        }
        return entry;
    }

    private static void checkBeside(Entry entry, Entry other, TextLine line) throws TextLine.Problem {
        PublicKey key = entry.key.publicKey();
        PublicKey first = other.key.publicKey();
        if (!first.hopName().equals(key.hopName())) {
            throw new TextLine.Problem(
                    line.first().column(),
                    "key of hop \"" + key.hopName() + "\", but the key before it is of hop \"" + first.hopName()
                            + "\"");
        }
        if (first.id().equals(key.id())) {
            throw new TextLine.Problem(line.first().column(), "key " + key.id() + " is listed twice");
        }
        if (other.from.equals(entry.from)) {
            throw new TextLine.Problem(
                    line.end(), "two keys start to sign at the same time: add from=INSTANT to the later one");
        }
    }

    /** {@return all keys, in the order of their starts} */
    public List<Entry> entries() {
        return entries;
    }

    /** {@return the name of the hop that owns them} */
    public String hopName() {
        return entries.getFirst().key.publicKey().hopName();
    }

    /**
     * Returns the key that signs at a time; before all starts, the first one.
     *
     * @param now the time
     * @return the key
     */
    public Entry signingAt(Instant now) {
        return entries.reversed().stream()
                .filter(entry -> hasStarted(entry, now))
                .findFirst()
                .orElse(entries.getFirst());
    }

    /**
     * Returns the key that signs next.
     *
     * @param now the time
     * @return empty if the last key signs
     */
    public Optional<Entry> nextAfter(Instant now) {
        int next = entries.indexOf(signingAt(now)) + 1;
        return next < entries.size() ? Optional.of(entries.get(next)) : Optional.empty();
    }

    /**
     * Returns the state of a key at a time.
     *
     * @param entry one of these
     * @param now the time
     * @return its state
     */
    public State state(Entry entry, Instant now) {
        if (entry.equals(signingAt(now))) {
            return State.SIGNING;
        }
        return hasStarted(entry, now) ? State.RETIRED : State.VERIFY_ONLY;
    }

    private static boolean hasStarted(Entry entry, Instant now) {
        return entry.from.map(start -> !now.isBefore(start)).orElse(true);
    }

    @Override
    public String toString() {
        return entries.size() + " secret keys of " + hopName();
    }
}
