package dev.throughline.config;

import com.google.common.collect.ImmutableSet;
import dev.throughline.originator.PlainText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * One mapping of a YAML file, read key by key. It collects problems and continues, so that a user sees all at once;
 * {@link #close} reports the keys that were never read.
 */
final class Section implements AutoCloseable {
    /** The merge key of YAML 1.1; the parser is for YAML 1.2, which lacks it. */
    private static final String MERGE = "<<";

    private final Problems problems;
    private final @Nullable Node node;
    private final String name;
    private final Map<String, Node> keys = new LinkedHashMap<>();
    private final Map<String, Node> values = new LinkedHashMap<>();
    private final Set<String> asked = new LinkedHashSet<>();

    Section(Problems problems, @Nullable Node node, String name) {
        this.problems = problems;
        this.node = node;
        this.name = name;
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                add(tuple);
            }
        } else if (node != null) {
            problems.add(node, name + " must be a mapping");
        }
    }

    private void add(NodeTuple tuple) {
        String key = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "";
        if (values.putIfAbsent(key, tuple.getValueNode()) != null) {
            problems.add(tuple.getKeyNode(), "\"" + key + "\" is a duplicate key");
        } else {
            keys.put(key, tuple.getKeyNode());
        }
    }

    /** Marks {@code names} as known keys of this mapping, for keys that are not read because of another problem. */
    void knows(String... names) {
        asked.addAll(List.of(names));
    }

    boolean has(String key) {
        asked.add(key);
        return values.containsKey(key);
    }

    /** Returns whether {@code key} is absent or an empty list. */
    boolean isEmpty(String key) {
        return !has(key)
                || (values.get(key) instanceof SequenceNode list
                        && list.getValue().isEmpty());
    }

    /** Returns the value of {@code key}; empty if it is absent or {@code parse} rejects it. */
    <T> Optional<T> optional(String key, Function<String, T> parse) {
        asked.add(key);
        return Optional.ofNullable(values.get(key)).flatMap(value -> scalar(key, value, parse));
    }

    <T> T optional(String key, Function<String, T> parse, T otherwise) {
        return optional(key, parse).orElse(otherwise);
    }

    /** Returns the value of a mandatory key; empty only if a problem was reported. */
    <T> Optional<T> required(String key, Function<String, T> parse) {
        if (!has(key) && node != null) {
            problems.add(node, name + " needs \"" + key + "\"");
        }
        return optional(key, parse);
    }

    /** Returns a list; a single value counts as a list of one. */
    <T> List<T> list(String key, Function<String, T> parse) {
        asked.add(key);
        List<T> parsed = new ArrayList<>();
        Node value = values.get(key);
        List<Node> items = value instanceof SequenceNode sequence
                ? sequence.getValue()
                : value == null ? List.of() : List.of(value);
        items.forEach(item -> scalar(key, item, parse).ifPresent(parsed::add));
        return parsed;
    }

    /** Returns the keys of a mapping with user-defined names that {@code check} accepts. */
    ImmutableSet<String> names(Function<String, String> check) {
        ImmutableSet.Builder<String> names = ImmutableSet.builder();
        keys.forEach((key, at) -> {
            asked.add(key);
            try {
                names.add(check.apply(key));
            } catch (IllegalArgumentException e) {
                problems.add(at, String.valueOf(e.getMessage()));
            }
        });
        return names.build();
    }

    /** Returns whether this mapping has no keys. */
    boolean isEmpty() {
        return node instanceof MappingNode mapping && mapping.getValue().isEmpty();
    }

    /** Returns whether the value of {@code key} is a mapping. */
    boolean isMapping(String key) {
        asked.add(key);
        return values.get(key) instanceof MappingNode;
    }

    /** Returns the mapping at {@code key}; an empty one if it is absent. */
    Section section(String key) {
        asked.add(key);
        return new Section(problems, values.get(key), "\"" + key + "\"");
    }

    /** Returns the mappings in the list at {@code key}. */
    List<Section> sections(String key, String itemName) {
        asked.add(key);
        Node value = values.get(key);
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof SequenceNode sequence)) {
            problems.add(value, "\"" + key + "\" must be a list");
            return List.of();
        }
        return sequence.getValue().stream()
                .map(item -> new Section(problems, item, itemName))
                .toList();
    }

    /** Reports a problem at the value of {@code key}, or at the mapping if the key is absent. */
    void problem(String key, String message) {
        Node at = values.getOrDefault(key, node);
        if (at != null) {
            problems.add(at, message);
        }
    }

    /** Reports a problem at the value of {@code key} that depends on this host and would appear when the hop starts. */
    void startProblem(String key, String message) {
        Node at = values.getOrDefault(key, node);
        if (at != null) {
            problems.addAtStart(at, message);
        }
    }

    /** Reports a problem with the whole mapping. */
    void problem(String message) {
        if (node != null) {
            problems.add(node, message);
        }
    }

    @Override
    public void close() {
        keys.forEach((key, at) -> {
            if (key.equals(MERGE)) {
                problems.add(at, "\"" + MERGE + "\" (a YAML merge) is not supported: write its keys into " + name);
            } else if (!asked.contains(key)) {
                problems.add(at, "unknown key \"" + key + "\" in " + name + Suggestion.among(asked, key));
            }
        });
    }

    private <T> Optional<T> scalar(String key, Node value, Function<String, T> parse) {
        if (!(value instanceof ScalarNode scalar)) {
            problems.add(value, "\"" + key + "\" must be a single value");
            return Optional.empty();
        }
        try {
            return Optional.of(parse.apply(scalar.getValue()));
        } catch (IllegalArgumentException e) {
            problems.add(value, "\"" + key + "\": " + e.getMessage());
            return Optional.empty();
        }
    }

    /** The problems of one file. */
    static final class Problems {
        private final String file;
        private final List<ConfigProblem> found = new ArrayList<>();
        private final List<ConfigProblem> atStart = new ArrayList<>();

        Problems(String file) {
            this.file = file;
        }

        void add(Node at, String message) {
            add(at.getStartMark(), message);
        }

        void addAtStart(Node at, String message) {
            atStart.add(problem(at.getStartMark(), message));
        }

        void add(Optional<Mark> mark, String message) {
            found.add(problem(mark, message));
        }

        private ConfigProblem problem(Optional<Mark> mark, String message) {
            return new ConfigProblem(
                    file,
                    mark.map(m -> m.getLine() + 1).orElse(1),
                    mark.map(m -> m.getColumn() + 1).orElse(1),
                    PlainText.visible(message));
        }

        /** Returns all problems, in the order of the file. */
        List<ConfigProblem> found() {
            return sorted(found);
        }

        /** Returns the problems that prevent a hop from starting on this host, in the order of the file. */
        List<ConfigProblem> atStart() {
            return sorted(atStart);
        }

        private static List<ConfigProblem> sorted(List<ConfigProblem> problems) {
            return problems.stream()
                    .sorted(Comparator.comparingInt(ConfigProblem::line).thenComparingInt(ConfigProblem::column))
                    .toList();
        }
    }
}
