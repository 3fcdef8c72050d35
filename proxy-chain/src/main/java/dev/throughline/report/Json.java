package dev.throughline.report;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.ProcessIdentity;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A writer for JSON objects, as UTF-8 without line breaks. Members are in the order of the calls; absent values are omitted. Names of
 * members are ASCII without characters that need an escape.
 */
public final class Json {
    private static final int INITIAL_BYTES = 1024;

    private final Utf8Buffer out;
    private final @Nullable KnownProcesses processes;
    private final @Nullable KnownMembers known;
    /** Whether the next member or element needs a comma before it. */
    private boolean hasPrevious;

    /**
     * At least one member of an object, which depends on two values alone.
     *
     * @param <A> type of the first value
     * @param <B> type of the second value
     */
    interface Members<A, B> {
        void write(Json out, A first, B second);
    }

    /** Creates a writer that appends to {@code out}. */
    Json(Utf8Buffer out) {
        this(out, null, null);
    }

    private Json(Utf8Buffer out, @Nullable KnownProcesses processes, @Nullable KnownMembers known) {
        this.out = out;
        this.processes = processes;
        this.known = known;
    }

    /** Creates a writer that appends many objects to {@code out} and encodes what they have in common once. */
    static Json ofMany(Utf8Buffer out) {
        return new Json(out, new KnownProcesses(), new KnownMembers());
    }

    /** Returns one object as text. */
    public static String object(Consumer<Json> members) {
        Utf8Buffer text = new Utf8Buffer(INITIAL_BYTES);
        new Json(text).write(members);
        return text.toString();
    }

    /** Writes one object. */
    void write(Consumer<Json> members) {
        open('{');
        members.accept(this);
        close('}');
    }

    private void open(char bracket) {
        out.ascii(bracket);
        hasPrevious = false;
    }

    private void close(char bracket) {
        out.ascii(bracket);
        hasPrevious = true;
    }

    private void separate() {
        if (hasPrevious) {
            out.ascii(',');
        }
        hasPrevious = true;
    }

    private void name(String name) {
        out.name(name, hasPrevious);
        hasPrevious = true;
    }

    /** Starts a member that is an object. The caller writes its members and then calls {@link #endObject}. */
    Json startObject(String name) {
        name(name);
        open('{');
        return this;
    }

    /** Starts an element of an array that is an object. */
    void startElement() {
        separate();
        open('{');
    }

    void endObject() {
        close('}');
    }

    /** Starts a member that is an array. The caller writes its elements and then calls {@link #endArray}. */
    void startArray(String name) {
        name(name);
        open('[');
    }

    void endArray() {
        close(']');
    }

    /** Writes an element of an array. */
    void element(String value) {
        separate();
        out.string(value);
    }

    public Json put(String name, String value) {
        name(name);
        out.string(value);
        return this;
    }

    public Json put(String name, long value) {
        name(name);
        out.number(value);
        return this;
    }

    /** Writes an unsigned 64-bit number. */
    public Json putUnsigned(String name, OptionalLong value) {
        if (value.isPresent()) {
            name(name);
            out.unsigned(value.getAsLong());
        }
        return this;
    }

    /** Writes nanoseconds as a number of milliseconds. */
    public Json putMilliseconds(String name, long nanos) {
        name(name);
        out.milliseconds(nanos);
        return this;
    }

    public Json put(String name, boolean value) {
        name(name);
        out.ascii(value ? "true" : "false");
        return this;
    }

    public Json put(String name, Optional<String> value) {
        return value.isPresent() ? put(name, value.get()) : this;
    }

    public Json put(String name, Instant value) {
        name(name);
        out.ascii('"');
        out.time(value);
        out.ascii('"');
        return this;
    }

    public Json put(String name, InetSocketAddress value) {
        name(name);
        out.ascii('"');
        out.address(value);
        out.ascii('"');
        return this;
    }

    /** Writes 64-bit numbers as one string of 16 hexadecimal digits each. */
    public Json putHex(String name, long... values) {
        name(name);
        out.ascii('"');
        for (long value : values) {
            out.hex(value);
        }
        out.ascii('"');
        return this;
    }

    /** Writes a 128-bit id as 32 hexadecimal digits. */
    Json put(String name, FlowId value) {
        name(name);
        out.ascii('"');
        out.hex(value.high());
        out.hex(value.low());
        out.ascii('"');
        return this;
    }

    public Json putHex(String name, Optional<Bytes> value) {
        if (value.isPresent()) {
            name(name);
            out.ascii('"');
            out.hex(value.get());
            out.ascii('"');
        }
        return this;
    }

    /** Writes the members of {@link OriginatorJson#process} and {@link OriginatorJson#details}. */
    void putIdentity(ProcessIdentity who) {
        separate();
        KnownProcesses.Entry entry = processes == null ? null : processes.find(who);
        if (entry != null && entry.isOf(who)) {
            out.copy(entry.members());
            return;
        }
        int start = out.length();
        hasPrevious = false;
        OriginatorJson.process(this, who);
        int detailsAt = out.length() - start;
        if (entry != null) {
            out.copy(entry.members(), entry.detailsAt());
        } else {
            OriginatorJson.details(this, who);
        }
        if (processes != null) {
            processes.add(who, out.copyFrom(start), detailsAt);
        }
    }

    /**
     * Writes {@code members}, which are encoded once for the same two objects. They may end within an object or array that they
     * started.
     */
    <A, B> void putKnown(Members<A, B> members, A first, B second) {
        separate();
        byte[] text = known == null ? null : known.find(members, first, second);
        if (text != null) {
            out.copy(text);
            return;
        }
        int start = out.length();
        hasPrevious = false;
        members.write(this, first, second);
        if (known != null) {
            known.add(members, first, second, out.copyFrom(start));
        }
    }

    public Json put(String name, Consumer<Json> members) {
        name(name);
        write(members);
        return this;
    }

    /** Writes an array of strings. */
    public Json putAll(String name, List<String> values) {
        startArray(name);
        for (String value : values) {
            element(value);
        }
        endArray();
        return this;
    }

    /** Writes an array of objects. */
    public <T> Json putAll(String name, List<T> values, BiConsumer<Json, T> members) {
        startArray(name);
        for (T value : values) {
            startElement();
            members.accept(this, value);
            endObject();
        }
        endArray();
        return this;
    }
}
