package dev.throughline.config;

import com.google.common.base.CharMatcher;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Maps;
import dev.throughline.header.Cidr;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.HostId;
import dev.throughline.platform.linux.SafeFile;
import dev.throughline.policy.Condition;
import dev.throughline.policy.Subject;
import dev.throughline.policy.TextPattern;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/** The reader of the conditions in {@code when} or {@code unless} of a rule. */
final class ConditionReader {
    /** Evidence that can be demanded. Every flow has at least the rest, so demanding it would have no effect. */
    private static final ImmutableMap<String, Evidence> DEMANDS = Maps.uniqueIndex(
            List.of(Evidence.KERNEL_CONNECT, Evidence.SOCKET_LOOKUP, Evidence.UID_ONLY, Evidence.BRIDGE),
            Evidence::toString);

    private static final CharMatcher DIGITS = CharMatcher.inRange('0', '9');

    private final Section section;
    private final String key;
    private final ImmutableList.Builder<Condition> conditions = ImmutableList.builder();

    ConditionReader(Section section, String key) {
        this.section = section;
        this.key = key;
    }

    ImmutableList<Condition> read() {
        user();
        group();
        for (Subject subject : Subject.values()) {
            text(subject);
        }
        condition("host", ConditionReader::host, Condition.Host::new);
        condition("evidence", Values::evidence, Condition.EvidenceIs::new);
        condition("evidence-at-least", text -> Values.word(text, DEMANDS), Condition.EvidenceAtLeast::new);
        condition("destination", Cidr::parse, Condition.Destination::new);
        condition("ports", Values::ports, Condition.Ports::new);
        if (section.isEmpty()) {
            section.problem("\"" + key + "\" is empty: remove it for a rule without conditions");
        }
        return conditions.build();
    }

    /** Reads a condition on a fact that is known for every flow. */
    private <T> void condition(
            String name, Function<String, T> parse, Function<ImmutableList<T>, Condition> condition) {
        ImmutableList<T> values = values(name, parse);
        if (!values.isEmpty()) {
            conditions.add(condition.apply(values));
        }
    }

    /** Reads a condition on a fact that may be unknown; the word {@code unknown} becomes an empty value. */
    private <T> void openCondition(
            String name, Function<String, T> parse, BiFunction<ImmutableList<T>, Boolean, Condition> condition) {
        ImmutableList<Optional<T>> values = values(
                name, text -> text.equals(Condition.UNKNOWN) ? Optional.empty() : Optional.of(parse.apply(text)));
        if (!values.isEmpty()) {
            conditions.add(condition.apply(
                    values.stream().flatMap(Optional::stream).collect(ImmutableList.toImmutableList()),
                    values.contains(Optional.<T>empty())));
        }
    }

    private <T> ImmutableList<T> values(String name, Function<String, T> parse) {
        if (section.has(name) && section.isEmpty(name)) {
            section.problem(name, "\"" + name + "\" is empty: list values, or remove it");
        }
        return ImmutableList.copyOf(section.list(name, parse));
    }

    private void user() {
        openCondition(
                "user",
                ConditionReader::userNameOrId,
                (words, orUnknown) -> new Condition.User(
                        words.stream()
                                .filter(DIGITS::matchesAllOf)
                                .map(Long::valueOf)
                                .collect(ImmutableList.toImmutableList()),
                        words.stream()
                                .filter(word -> !DIGITS.matchesAllOf(word))
                                .collect(ImmutableList.toImmutableList()),
                        orUnknown));
    }

    /** Reads a name or an id. {@code root} becomes id 0, so that the rule works if a previous hop removes names. */
    private static String userNameOrId(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("expected a user name or id");
        }
        return text.equals("root") ? "0" : DIGITS.matchesAllOf(text) ? Long.toString(id(text)) : text;
    }

    private void group() {
        openCondition("group", ConditionReader::id, Condition.Group::new);
    }

    private static long id(String text) {
        return Integer.toUnsignedLong(Values.uid(text));
    }

    private void text(Subject subject) {
        Function<String, TextPattern> parse = switch (subject) {
            case EXECUTABLE, SCRIPT, PARENT -> ConditionReader::executable;
            case SHA256, PARENT_SHA256 -> text -> new TextPattern(Values.sha256(text));
            case UNIT -> ConditionReader::unit;
            case POD -> text -> new TextPattern(Values.pod(text).toString());
            case CONTAINER, SIGNING_ID, TEAM_ID -> TextPattern::new;
            case DESTINATION_HOST -> text -> new TextPattern(Values.destinationHost(text));
        };
        openCondition(
                subject.toString(),
                parse,
                (patterns, orUnknown) -> new Condition.Text(
                        subject,
                        switch (subject) {
                            case EXECUTABLE, SCRIPT, PARENT -> withRealFolders(patterns);
                            default -> patterns;
                        },
                        orUnknown));
    }

    /**
     * Adds the path with its directory's symbolic links resolved, because the kernel reports /usr/bin/curl if /bin is a
     * link. The original path stays, since a flow may come from a host where /bin is a directory. The last name is not
     * resolved: it may be a link to a program with many names, and a rule about one name must not match all.
     */
    private static ImmutableList<TextPattern> withRealFolders(ImmutableList<TextPattern> patterns) {
        ImmutableSet.Builder<TextPattern> all = ImmutableSet.builder();
        for (TextPattern pattern : patterns) {
            all.add(pattern);
            realFolders(pattern).ifPresent(all::add);
        }
        return all.build().asList();
    }

    private static Optional<TextPattern> realFolders(TextPattern pattern) {
        String text = pattern.text();
        int star = text.indexOf('*');
        int end = text.lastIndexOf('/', star < 0 ? text.length() : star);
        if (end <= 0) {
            return Optional.empty();
        }
        try (SafeFile file = SafeFile.at(Path.of(text.substring(0, end), "*"))) {
            return Optional.of(new TextPattern(file.folder() + text.substring(end)));
        } catch (IOException | IllegalArgumentException e) {
            // The path doesn't exist on this host, or has a link that an untrusted user can change.
            return Optional.empty();
        }
    }

    private static TextPattern executable(String text) {
        if (!text.startsWith("/")) {
            throw new IllegalArgumentException(
                    "expected an absolute path such as /usr/bin/curl, found \"" + text + "\"");
        }
        return new TextPattern(text);
    }

    private static TextPattern unit(String text) {
        if (text.indexOf('.') < 0) {
            throw new IllegalArgumentException("expected a unit such as nginx.service, found \"" + text + "\"");
        }
        return new TextPattern(text);
    }

    private static String host(String text) {
        HostId.of(text);
        return text;
    }
}
