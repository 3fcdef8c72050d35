package dev.throughline.config;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** The positions of the values in a configuration file, by keys such as {@code limits.flows}. */
public final class ConfigPositions {
    private final Path file;
    private final Map<String, Optional<Mark>> marks = new HashMap<>();

    private ConfigPositions(Path file) {
        this.file = file;
    }

    /** Reads {@code file}; one that isn't YAML has no positions. */
    public static ConfigPositions read(Path file) throws IOException {
        ConfigPositions positions = new ConfigPositions(file);
        LoadSettings settings =
                LoadSettings.builder().setAllowDuplicateKeys(true).build();
        try {
            new Compose(settings)
                    .composeReader(new StringReader(Files.readString(file)))
                    .ifPresent(root -> positions.add("", root));
        } catch (YamlEngineException e) {
            positions.marks.clear();
        }
        return positions;
    }

    private void add(String prefix, Node node) {
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                if (tuple.getKeyNode() instanceof ScalarNode key) {
                    String name = prefix + key.getValue();
                    marks.put(name, tuple.getValueNode().getStartMark());
                    add(name + ".", tuple.getValueNode());
                }
            }
        }
    }

    /** Returns whether the file has a value for {@code key}. */
    public boolean has(String key) {
        return marks.containsKey(key);
    }

    /** Returns a problem at the position of {@code key}, or at the start of the file if it lacks the key. */
    public ConfigProblem problem(String key, String message) {
        Optional<Mark> mark = marks.getOrDefault(key, Optional.empty());
        return new ConfigProblem(
                file.toString(),
                mark.map(at -> at.getLine() + 1).orElse(1),
                mark.map(at -> at.getColumn() + 1).orElse(1),
                message);
    }
}
