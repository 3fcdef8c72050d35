package dev.throughline.report;

import dev.throughline.header.Bytes;
import java.io.StringWriter;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** A writer for one JSON object. Members are in the order of the calls; absent values are omitted. */
public final class Json {
    private static final JsonFactory FACTORY = new JsonFactory();

    private final JsonGenerator out;

    private Json(JsonGenerator out) {
        this.out = out;
    }

    /** Returns one object as text without line breaks. */
    public static String object(Consumer<Json> members) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            generator.writeStartObject();
            members.accept(new Json(generator));
            generator.writeEndObject();
        }
        return text.toString();
    }

    public Json put(String name, String value) {
        out.writeStringProperty(name, value);
        return this;
    }

    public Json put(String name, long value) {
        out.writeNumberProperty(name, value);
        return this;
    }

    /** Writes an unsigned 64-bit number. */
    public Json putUnsigned(String name, OptionalLong value) {
        value.ifPresent(bits -> out.writeNumberProperty(name, new BigInteger(Long.toUnsignedString(bits))));
        return this;
    }

    public Json put(String name, double value) {
        out.writeNumberProperty(name, value);
        return this;
    }

    public Json put(String name, boolean value) {
        out.writeBooleanProperty(name, value);
        return this;
    }

    public Json put(String name, Optional<String> value) {
        value.ifPresent(text -> put(name, text));
        return this;
    }

    public Json putHex(String name, Optional<Bytes> value) {
        return put(name, value.map(Bytes::toHex));
    }

    public Json put(String name, Consumer<Json> members) {
        out.writeObjectPropertyStart(name);
        members.accept(this);
        out.writeEndObject();
        return this;
    }

    /** Writes an array of strings. */
    public Json putAll(String name, List<String> values) {
        out.writeArrayPropertyStart(name);
        values.forEach(out::writeString);
        out.writeEndArray();
        return this;
    }

    /** Writes an array of objects. */
    public <T> Json putAll(String name, List<T> values, java.util.function.BiConsumer<Json, T> members) {
        out.writeArrayPropertyStart(name);
        for (T value : values) {
            out.writeStartObject();
            members.accept(this, value);
            out.writeEndObject();
        }
        out.writeEndArray();
        return this;
    }
}
