package dev.throughline.chain;

import dev.throughline.header.Header;
import dev.throughline.header.ReadResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A generator of the files in vectors/. Each is the chain of {@link Scene} with one change. {@link #main} writes them, run in
 * the module's directory; VectorFilesTest fails if the files differ from its output.
 */
final class VectorCatalogue {
    static final String VERIFIED = "verified";

    private final Map<String, String> files = new TreeMap<>();

    /** A vector under construction: the forge, the receiver's settings, and a final change of the bytes. */
    static final class Draft {
        Forge forge = Forge.of(3, false);
        final Map<String, String> settings = new LinkedHashMap<>();
        UnaryOperator<Labelled> edit = UnaryOperator.identity();

        Forge.LinkForge link(int index) {
            return forge.link(index);
        }

        void edit(String label, String hex) {
            edit = header -> header.replaced(label, hex);
        }

        void chainEdit(String label, String hex) {
            forge.chainEdit = chain -> chain.replaced(label, hex);
        }

        /** Sets the number of hops, and the receiver's end of the last connection. */
        void hops(int hops, boolean ipv6) {
            forge = Forge.of(hops, ipv6);
            settings.put("socket", Scene.outgoing(hops - 1, ipv6).toString());
        }
    }

    public static void main(String[] args) throws IOException {
        for (Map.Entry<String, String> file : files().entrySet()) {
            Path path = Vector.DIRECTORY.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.writeString(path, file.getValue());
        }
    }

    /** Returns the name and text of every file. */
    static Map<String, String> files() {
        VectorCatalogue catalogue = new VectorCatalogue();
        catalogue.files.put("scene.trust", Scene.TRUST);
        catalogue.files.put("scene.secrets", Scene.SECRETS);
        new HeaderVectors(catalogue).add();
        new ChainVectors(catalogue).add();
        new DetailVectors(catalogue).add();
        new VerdictVectors(catalogue).add();
        new EdgeVectors(catalogue).add();
        new TrustVectors(catalogue.files).add();
        new BridgeVectors(catalogue.files).add();
        return catalogue.files;
    }

    /** Makes the chain {@code bytes} longer by a field of the code detail that this version ignores. */
    static void grow(Forge forge, int bytes) {
        forge.detail(1).add(0x40, "a long field of a later version", new FixedRandom("long").take(bytes));
    }

    void addHeader(String name, String comment, String label, int plus, Consumer<Draft> change) {
        add("header-" + name, comment, header -> "header-malformed " + (header.offsetOf(label) + plus), change);
    }

    void addMalformed(String name, String comment, String label, int plus, Consumer<Draft> change) {
        add("malformed-" + name, comment, header -> "malformed " + (header.offsetOf(label) + plus), change);
    }

    void addRejected(String name, RejectReason reason, int link, String comment, Consumer<Draft> change) {
        add("rejected-" + name, comment, header -> "rejected " + reason.name(), d -> {
            d.settings.put("link", String.valueOf(link));
            change.accept(d);
        });
    }

    void add(String name, String comment, String expect, Consumer<Draft> change) {
        add(name, comment, header -> expect, change);
    }

    void add(String name, String comment, Function<Labelled, String> expect, Consumer<Draft> change) {
        Draft draft = new Draft();
        draft.settings.put("trust", "scene.trust");
        draft.settings.put("self", Scene.RECEIVER);
        draft.settings.put("started", Scene.STARTED.toString());
        draft.settings.put("now", Scene.NOW.toString());
        draft.settings.put("socket", Scene.outgoing(2, false).toString());
        change.accept(draft);
        Labelled header = draft.edit.apply(draft.forge.header());
        if (files.put(name + ".txt", text(comment, expect.apply(header), draft.settings, header)) != null) {
            throw new AssertionError("two vectors are called " + name);
        }
    }

    private static String text(String comment, String expect, Map<String, String> settings, Labelled header) {
        List<String> lines = new ArrayList<>();
        lines.add("# " + comment);
        lines.add("expect: " + expect);
        if (expect.equals(VERIFIED)) {
            Header read = ((ReadResult.Complete) Scene.read(header.toByteArray())).header();
            Chain chain = ((ChainRead.Found) ChainTlv.STANDARD.read(read)).chain();
            lines.add("says: " + Vector.says(chain.origin().claim().unverified()));
        }
        settings.forEach((key, value) -> lines.add(key + ": " + value));
        return String.join("\n", lines) + "\n\n" + header.dump();
    }

    private VectorCatalogue() {}
}
