package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Vectors of the facts about a process beyond the scene's curl: each field valid and invalid. */
final class DetailVectors {
    private static final String LINUX = "01";
    private static final String MACOS = "02";
    private static final List<String> KINDS = List.of("code", "placement", "person");

    /** A valid field of a detail. */
    private record Known(String file, String system, int kind, int tag, String name, Bytes value) {
        Known(String file, String system, int kind, int tag, String name, String hex) {
            this(file, system, kind, tag, name, Bytes.ofHex(hex));
        }

        void addTo(VectorCatalogue.Draft draft, Bytes other) {
            draft.forge.set(6, system);
            draft.forge.detail(kind).add(tag, name, other.toByteArray());
        }

        String label() {
            return KINDS.get(kind - 1) + " " + tag + ": " + name;
        }
    }

    private static final List<Known> TEXTS = List.of(
            new Known("signing-id", MACOS, 1, 4, "signing id", text("com.apple.curl")),
            new Known("team-id", MACOS, 1, 5, "team id", text("A1B2C3D4E5")),
            new Known("script", LINUX, 1, 11, "script path", text("/opt/backup/run")),
            new Known(
                    "parent-executable",
                    LINUX,
                    3,
                    8,
                    "path of the parent's executable",
                    text("/usr/lib/systemd/systemd")),
            new Known("unit", LINUX, 2, 3, "unit", text("nginx.service")),
            new Known("container", LINUX, 2, 4, "container id", text("c0".repeat(32))));

    private static final List<Known> SIZED = List.of(
            new Known("cdhash", MACOS, 1, 6, "cdhash", "cd".repeat(20)),
            new Known("file", LINUX, 1, 9, "device and inode", "000000fd00000001000000000000ffff"),
            new Known("state", LINUX, 1, 10, "state of the executable", "01"),
            new Known("pod", LINUX, 2, 5, "pod uid", "00112233445566778899aabbccddeeff"),
            new Known("network-namespace", LINUX, 2, 6, "network namespace", "00000000f0000098"),
            new Known("pid-namespace", LINUX, 2, 8, "pid namespace", "00000000effffffc"),
            new Known("audit-session", LINUX, 3, 2, "audit session", "00000007"),
            new Known("parent", LINUX, 3, 3, "parent", "000010900000000000000400"),
            new Known("audit-token", MACOS, 3, 4, "audit token", "000001f5".repeat(8)),
            new Known("command-line", LINUX, 3, 5, "keyed hash of the command line", "5c".repeat(32)),
            new Known("audit-user", LINUX, 3, 7, "audit user", "000003e8"),
            new Known("parent-hash", LINUX, 3, 9, "SHA-256 of the parent's executable", "5d".repeat(32)));

    private final VectorCatalogue to;

    DetailVectors(VectorCatalogue to) {
        this.to = to;
    }

    void add() {
        TEXTS.forEach(this::right);
        SIZED.forEach(this::right);
        right(new Known("file-unsigned", LINUX, 1, 9, "device and inode", "fffffffffffffffefffffffffffffffd"));
        right(new Known("state-replaced", LINUX, 1, 10, "state of the executable", "02"));
        right(new Known("parent-start-unknown", LINUX, 3, 3, "parent", "000010900000000000000000"));
        right(new Known("audit-session-largest", LINUX, 3, 2, "audit session", "fffffffe"));
        to.add(
                "verified-detail-linux",
                "All facts about a process on Linux.",
                VectorCatalogue.VERIFIED,
                d -> addAll(d, field -> field.system.equals(LINUX)));
        to.add(
                "verified-detail-macos",
                "All facts about a process on macOS, which has neither units nor namespaces.",
                VectorCatalogue.VERIFIED,
                d -> {
                    addAll(d, field -> field.kind != 2);
                    d.forge.set(6, MACOS);
                });
        for (Known field : TEXTS) {
            wrong(field, "text", "with a line feed", Bytes.ofHex("610a62"));
        }
        for (Known field : SIZED) {
            int size = field.value.length();
            wrong(field, "short", "of " + (size - 1) + " bytes", field.value.part(0, size - 1));
            wrong(field, "long", "of " + (size + 1) + " bytes", Bytes.ofHex(field.value.toHex() + "00"));
            if (field.name.startsWith("audit ") && size == 4) {
                wrong(field, "none", "that says none instead of being left out", Bytes.ofHex("ffffffff"));
            }
            if (field.file.equals("state")) {
                wrong(field, "0", "that isn't given", Bytes.ofHex("00"));
                wrong(field, "3", "that isn't given", Bytes.ofHex("03"));
            }
        }
        to.addMalformed(
                "detail-two-wrong",
                "Two fields of wrong sizes; the first ends the reading.",
                "person 2: audit session",
                0,
                d -> d.forge
                        .detail(3)
                        .add(2, "audit session", new byte[3])
                        .add(3, "parent", new byte[11])
                        .add(7, "audit user", new byte[3]));
    }

    private void right(Known field) {
        to.add(
                "verified-detail-" + field.file,
                "The field \"" + field.name + "\" of the detail \"" + KINDS.get(field.kind - 1) + "\".",
                VectorCatalogue.VERIFIED,
                d -> field.addTo(d, field.value));
    }

    private void wrong(Known field, String how, String which, Bytes value) {
        boolean empty = value.length() == 0;
        to.addMalformed(
                "detail-" + field.file + "-" + how,
                "A field \"" + field.name + "\" " + which + ".",
                empty ? KINDS.get(field.kind - 1) + " " + field.tag + ": length" : field.label(),
                empty ? 2 : 0,
                d -> field.addTo(d, value));
    }

    /** Adds the fields of {@code here}, by ascending tags. */
    private static void addAll(VectorCatalogue.Draft draft, Predicate<Known> here) {
        Stream.concat(TEXTS.stream(), SIZED.stream())
                .filter(here)
                .sorted(Comparator.comparingInt(Known::tag))
                .forEach(field -> field.addTo(draft, field.value));
    }

    private static Bytes text(String text) {
        return Bytes.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
