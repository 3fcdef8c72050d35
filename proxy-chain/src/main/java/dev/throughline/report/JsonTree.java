package dev.throughline.report;

import java.io.StringWriter;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** A parsed JSON object for display; absent members read as {@code -}. */
public final class JsonTree {
    private static final JsonFactory FACTORY = new JsonFactory();

    private final Map<String, @Nullable Object> members;

    private JsonTree(Map<String, @Nullable Object> members) {
        this.members = members;
    }

    /** Parses one object. */
    public static JsonTree parse(String json) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            return new JsonTree(object(parser));
        }
    }

    public String text(String name) {
        Object value = members.get(name);
        return value == null ? "-" : String.valueOf(value);
    }

    /** Returns the names of the members, in the original order. */
    public List<String> names() {
        return List.copyOf(members.keySet());
    }

    public boolean has(String name) {
        return members.containsKey(name);
    }

    public JsonTree object(String name) {
        return members.get(name) instanceof JsonTree tree ? tree : new JsonTree(Map.of());
    }

    /** Returns the objects in an array; none if the array is absent. */
    public List<JsonTree> list(String name) {
        List<JsonTree> trees = new ArrayList<>();
        if (members.get(name) instanceof List<?> values) {
            values.forEach(value -> {
                if (value instanceof JsonTree tree) {
                    trees.add(tree);
                }
            });
        }
        return trees;
    }

    /** Returns the strings in an array. */
    public List<String> texts(String name) {
        return members.get(name) instanceof List<?> values
                ? values.stream().map(String::valueOf).toList()
                : List.of();
    }

    /** Returns the object on one line. */
    public String toJson() {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            write(out, this);
        }
        return text.toString();
    }

    private static Map<String, @Nullable Object> object(JsonParser parser) {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            members.put(name, value(parser));
        }
        return members;
    }

    private static @Nullable Object value(JsonParser parser) {
        return switch (parser.currentToken()) {
            case START_OBJECT -> new JsonTree(object(parser));
            case START_ARRAY -> {
                List<@Nullable Object> values = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    values.add(value(parser));
                }
                yield values;
            }
            case VALUE_NUMBER_INT -> parser.getBigIntegerValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
            case VALUE_STRING -> parser.getString();
            default -> null;
        };
    }

    private static void write(JsonGenerator out, @Nullable Object value) {
        switch (value) {
            case JsonTree tree -> {
                out.writeStartObject();
                tree.members.forEach((name, member) -> {
                    out.writeName(name);
                    write(out, member);
                });
                out.writeEndObject();
            }
            case List<?> values -> {
                out.writeStartArray();
                values.forEach(item -> write(out, item));
                out.writeEndArray();
            }
            case BigInteger number -> out.writeNumber(number);
            case Double number -> out.writeNumber(number);
            case Boolean flag -> out.writeBoolean(flag);
            case String text -> out.writeString(text);
            case null, default -> out.writeNull();
        }
    }
}
