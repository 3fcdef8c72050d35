package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.Arrays;
import java.util.List;

/** Vectors of malformed chains. */
final class ChainVectors {
    private final VectorCatalogue to;

    ChainVectors(VectorCatalogue to) {
        this.to = to;
    }

    void add() {
        origins();
        details();
        links();
        proofs();
    }

    private void origins() {
        to.addMalformed(
                "origin-type",
                "A chain that begins with another block.",
                "origin block",
                0,
                d -> d.chainEdit("origin block", "02"));
        to.addMalformed(
                "origin-length",
                "An origin block that is longer than the chain.",
                "length of the core",
                0,
                d -> d.chainEdit("length of the origin block", "0fff"));
        to.addMalformed(
                "core-length",
                "A core that is longer than its block.",
                "core 1",
                0,
                d -> d.chainEdit("length of the core", "0fff"));
        for (int tag = 1; tag <= 6; tag++) {
            int missing = tag;
            to.addMalformed(
                    "core-" + tag + "-missing",
                    "Field " + tag + " of the core, which must be there, isn't.",
                    tag == 1 ? "core 2" : "core 1",
                    0,
                    d -> d.forge.remove(missing));
        }
        String[] wrong = {"00", "00", "00", "11", "02", "", "00", "00"};
        for (int tag = 1; tag <= 8; tag++) {
            int changed = tag;
            to.addMalformed(
                    "core-" + tag + "-size",
                    "Field " + tag + " of the core has another size than it should.",
                    "core " + tag + ": length",
                    2,
                    d -> d.forge.set(changed, wrong[changed - 1]));
        }
        to.addMalformed(
                "core-4-long",
                "A byte after the original tuple.",
                "core 4: transport and original tuple",
                0,
                d -> d.forge.set(4, "11" + Bytes.copyOf(d.forge.addresses) + "00"));
        to.addMalformed(
                "core-transport",
                "A tuple of an unknown transport.",
                "core 4: transport and original tuple",
                0,
                d -> d.forge.set(4, "31" + Bytes.copyOf(d.forge.addresses)));
        to.addMalformed(
                "core-ipv4-mapped",
                "The original tuple in IPv6 spelling.",
                "core 4: transport and original tuple",
                1,
                d -> d.forge.set(
                        4,
                        "21" + "00000000000000000000ffffc000020a" + "00000000000000000000ffffc6336450" + "9c4001bb"));
        String evidence = "core 5: evidence, way in";
        to.addMalformed(
                "core-evidence", "Evidence that this version doesn't know.", evidence, 0, d -> d.forge.set(5, "ff03"));
        to.addMalformed(
                "core-way", "A way in that this version doesn't know.", evidence, 1, d -> d.forge.set(5, "0200"));
        to.addMalformed(
                "core-system",
                "An operating system that this version doesn't know.",
                "core 6: operating system",
                0,
                d -> d.forge.set(6, "00"));
        to.addMalformed("core-order", "Two fields of the core in the wrong order.", "core 1", 0, d -> {
            Forge.Field second = d.forge.core.remove(1);
            d.forge.core.add(0, second);
        });
        to.addMalformed(
                "core-twice",
                "A field of the core twice.",
                "core 1: origin host id",
                8,
                d -> d.forge.core.add(1, d.forge.core.getFirst()));
        to.addMalformed(
                "core-critical",
                "A core field of a later version that must be understood.",
                "core 128",
                0,
                d -> d.forge.core.add(new Forge.Field(0x80, "a field of a later version", new byte[] {1})));
        to.addMalformed(
                "core-field-length",
                "A field that is longer than the core.",
                "core 8: length",
                2,
                d -> d.chainEdit("core 8: length", "000d"));
    }

    private void details() {
        to.addMalformed("detail-kind-0", "A detail of kind 0.", "detail 0: code", 0, d -> d.forge.detail(1).kind = 0);
        to.addMalformed("detail-kind-4", "A detail of kind 4.", "detail 4: person", 0, d -> d.forge.detail(3).kind = 4);
        to.addMalformed("detail-order", "Two details in the wrong order.", "detail 1: code", 0, d -> {
            Forge.DetailForge second = d.forge.details.remove(1);
            d.forge.details.add(0, second);
        });
        to.addMalformed("detail-twice", "A detail twice.", "link 0", -26, d -> d.forge.details.add(d.forge.detail(3)));
        to.addMalformed("detail-form", "A detail of form 2.", "code: open", 0, d -> d.chainEdit("code: open", "02"));
        to.addMalformed(
                "detail-length",
                "A detail that is longer than the origin block.",
                "person: salt",
                0,
                d -> d.chainEdit("person: length", "0fff"));
        to.addMalformed("detail-salt", "A detail that is shorter than a salt.", "person: length", 2, d -> {
            d.forge.detail(3).salt = new byte[15];
            d.forge.detail(3).fields.clear();
        });
        to.addMalformed("detail-commitment-short", "A commitment of 31 bytes.", "code: commitment", 0, d -> {
            d.forge.detail(1).close();
            d.forge.detail(1).closedPayload = new byte[31];
        });
        to.addMalformed("detail-commitment-long", "A commitment of 33 bytes.", "code: commitment", 0, d -> {
            d.forge.detail(1).close();
            d.forge.detail(1).closedPayload = new byte[33];
        });
        to.addMalformed(
                "detail-critical",
                "A detail's field of a later version that must be understood.",
                "person 128",
                0,
                d -> d.forge.detail(3).add(0x80, "a field of a later version", new byte[0]));
        to.addMalformed(
                "detail-tag-0",
                "Tag 0 in a detail, which isn't given.",
                "person 0",
                0,
                d -> d.forge.detail(3).fields.addFirst(new Forge.Field(0, "a field that can't be", new byte[] {1})));
        to.addMalformed(
                "core-tag-0",
                "Tag 0 in the core, which isn't given.",
                "core 0",
                0,
                d -> d.forge.core.addFirst(new Forge.Field(0, "a field that can't be", new byte[] {1})));
        to.addMalformed(
                "detail-hash-size",
                "An executable's hash of 31 bytes.",
                "code 2: executable's SHA-256",
                0,
                d -> d.forge.detail(1).set(2, new byte[31]));
        to.addMalformed(
                "detail-boot-id-size",
                "A boot id of 17 bytes.",
                "placement 1: boot id",
                0,
                d -> d.forge.detail(2).set(1, new byte[17]));
        text("text-newline", "A user name with a line feed, which would forge a line of a log.", "61640a61");
        text("text-escape", "A user name with an escape character, which would command a terminal.", "611b5b32");
        text("text-nul", "A user name with a NUL.", "616400");
        text("text-delete", "A user name with DEL.", "61647f");
        text("text-c1", "A user name with a C1 control character.", "61c29b32");
        text("text-arabic-mark", "A user name with U+061C, which turns the direction of text.", "61d89c");
        text("text-right-to-left", "A user name with U+202E, which turns the direction of text around.", "61e280ae");
        text("text-isolate", "A user name with U+2066, which begins text of its own direction.", "61e281a6");
        text("text-left-to-right-mark", "A user name with U+200E, a mark that isn't seen.", "61e2808e");
        text("text-joiner", "A user name with U+200D, a joiner that isn't seen.", "61e2808d");
        text("text-tag", "A user name with U+E0061, a tag character that isn't seen.", "61f3a081a1");
        text("text-line-separator", "A user name with U+2028, the end of a line.", "61e280a8");
        text("text-no-break-space", "A user name with U+00A0, which looks like a space.", "61c2a061");
        text("text-narrow-no-break-space", "A user name with U+202F, which looks like a space.", "61e280af61");
        text("text-ideographic-space", "A user name with U+3000, which looks like a space.", "61e3808061");
        text("text-braille-blank", "A user name with U+2800, a Braille pattern without dots.", "61e2a080");
        text("text-hangul-filler", "A user name with U+3164, a filler that isn't seen.", "61e385a4");
        text("text-halfwidth-filler", "A user name with U+FFA0, a filler that isn't seen.", "61efbea0");
        text("text-variation-selector", "A user name with U+FE0F, a variation selector.", "61efb88f");
        text("text-variation-selector-17", "A user name with U+E0100, a variation selector.", "61f3a08480");
        text("text-annotation", "A user name with U+FFF9, which begins an annotation.", "61efbfb9");
        text("text-number-sign", "A user name with U+0600, a format character.", "61d880");
        text(
                "text-unassigned-ignorable",
                "A user name with U+FFF0, reserved for characters that aren't seen.",
                "61efbfb0");
        text("text-overlong", "A user name in an overlong UTF-8 form.", "61c0af61");
        text("text-surrogate", "A user name with a surrogate.", "eda080");
        text("text-cut", "A user name that ends within a character.", "6164c3");
        evidence("unknown-with-process", "Evidence unknown, and a process.", "0003", 8);
        evidence("unknown-with-credentials", "Evidence unknown, and credentials.", "0003", 7);
        evidence("remote-with-process", "Evidence remote, and a process.", "0603", 8);
        evidence("uid-only-with-process", "Evidence uid-only, and a process.", "0403", 0);
        evidence("shared-with-process", "Evidence shared, and a process.", "0503", 0);
        evidence("uid-only-without-credentials", "Evidence uid-only, and no user.", "0403", 7, 8);
        evidence("socket-lookup-without-process", "Evidence socket-lookup, and no process.", "0103", 7);
        evidence("kernel-connect-without-process", "Evidence kernel-connect, and no process.", "0203", 7);
        evidence("bridge-without-process", "Evidence bridge, and no process.", "0303", 7);
        to.addMalformed(
                "text-empty",
                "An empty user name.",
                "person 1: length",
                2,
                d -> d.forge.detail(3).set(1, new byte[0]));
        to.addMalformed(
                "text-executable",
                "An executable path with a line feed.",
                "code 1: executable path",
                0,
                d -> d.forge.detail(1).set(1, new byte[] {0x2F, 0x0A}));
        to.addMalformed(
                "text-command",
                "A command name that isn't UTF-8.",
                "code 3: command name",
                0,
                d -> d.forge.detail(1).set(3, new byte[] {(byte) 0xFF}));
        to.addMalformed(
                "text-cgroup",
                "A cgroup path with a tab.",
                "placement 2: cgroup path",
                0,
                d -> d.forge.detail(2).set(2, new byte[] {0x2F, 0x09}));
    }

    /** Adds cores with each evidence, with and without fields 7 and 8. */
    private void evidence(String name, String comment, String evidenceAndWay, int... without) {
        to.addMalformed("core-evidence-" + name, comment, "core 5: evidence, way in", 0, d -> {
            d.forge.set(5, evidenceAndWay);
            for (int tag : without) {
                d.forge.remove(tag);
            }
        });
    }

    private void text(String name, String comment, String hex) {
        to.addMalformed(
                name,
                comment,
                "person 1: user name",
                0,
                d -> d.forge.detail(3).set(1, Bytes.ofHex(hex).toByteArray()));
    }

    private void links() {
        to.addMalformed(
                "links-none", "An origin without a signed link.", "person 1: user name", 3, d -> d.forge.links.clear());
        to.addMalformed("links-nine", "Nine links.", "link 8", 0, d -> {
            d.hops(9, false);
            d.settings.put("max-hops", "8");
        });
        to.addMalformed(
                "link-type",
                "A block of another type instead of a link.",
                "link 1",
                0,
                d -> d.chainEdit("link 1", "03"));
        to.addMalformed(
                "link-flags-reserved", "A flag that isn't given yet.", "link 1: flags", 0, d -> d.link(1).flags = 0x31);
        to.addMalformed(
                "link-flags-two-peers", "A peer of two families.", "link 1: flags", 0, d -> d.link(1).flags = 0x13);
        to.addMalformed(
                "link-way-in",
                "A way in that this version doesn't know.",
                "link 1: way in",
                0,
                d -> d.link(1).ingress = 0);
        to.addMalformed(
                "link-way-out",
                "A way out that this version doesn't know.",
                "link 1: way out",
                0,
                d -> d.link(1).egress = 0xFF);
        to.addMalformed("link-body-long", "A body that is longer than its flags say.", "link 1: TLS exporter", 0, d -> {
            d.link(1).exporter = new byte[] {0};
            d.link(1).flags = 0x11;
        });
        to.addMalformed(
                "link-body-short",
                "A body that is shorter than its flags say.",
                "link 1: outgoing tuple",
                0,
                d -> d.link(1).flags = 0x15);
        to.addMalformed(
                "link-exporter-short",
                "A TLS exporter of 31 bytes.",
                "link 1: TLS exporter",
                0,
                d -> d.link(1).exporter = new byte[31]);
        to.addMalformed(
                "link-length",
                "A body that is longer than the chain.",
                "link 2: index",
                0,
                d -> d.chainEdit("link 2: length of the body", "0fff"));
        to.addMalformed("link-ipv4-mapped-peer", "A peer in IPv6 spelling.", "link 1: observed peer", 0, d -> {
            d.hops(3, true);
            d.link(1).peer =
                    Bytes.ofHex("00000000000000000000ffff0a000001" + "a028").toByteArray();
        });
        to.addMalformed(
                "link-ipv4-mapped-outgoing", "An outgoing tuple in IPv6 spelling.", "link 1: outgoing tuple", 0, d -> {
                    d.hops(3, true);
                    d.link(1).outgoing = Bytes.ofHex("00000000000000000000ffff0a000101"
                                    + "00000000000000000000ffff0a000102" + "a0291b58")
                            .toByteArray();
                });
        to.addMalformed(
                "chain-stray-byte",
                "A byte after the last link.",
                "link 2: signature",
                64,
                d -> d.forge.chainEdit = chain -> chain.u8("one byte more", 0));
        to.addMalformed(
                "chain-cut",
                "A chain that ends one byte early.",
                "link 2: algorithm",
                0,
                d -> d.forge.chainEdit = chain -> chain.slice(0, chain.size() - 1));
        to.addMalformed(
                "chain-stray-link-byte",
                "The beginning of another link after the last.",
                "one byte more",
                1,
                d -> d.forge.chainEdit = chain -> chain.u8("one byte more", 2));
    }

    private void proofs() {
        to.addMalformed("proof-tree-0", "A tree of no leaves.", "link 2: tree size", 0, d -> d.link(2).claimedSize = 0);
        to.addMalformed(
                "proof-leaf-outside",
                "A leaf that the tree doesn't have.",
                "link 2: tree size",
                0,
                d -> d.link(2).claimedIndex = 1);
        to.addMalformed(
                "proof-path-long",
                "A path with a digest too many.",
                "link 2: algorithm",
                0,
                d -> d.link(2).pathEdit = path -> List.of(new byte[32]));
        to.addMalformed("proof-path-short", "A path with a digest too few.", "link 2: algorithm", 0, d -> {
            d.link(2).batch(4, 1);
            d.link(2).pathEdit = path -> path.subList(0, 1);
        });
        to.addMalformed(
                "proof-signature-short",
                "A signature of 63 bytes.",
                "link 2: algorithm",
                0,
                d -> d.link(2).signatureEdit = signature -> Arrays.copyOf(signature, 63));
        to.addMalformed(
                "proof-signature-long",
                "A signature of 65 bytes.",
                "link 2: algorithm",
                0,
                d -> d.link(2).signatureEdit = signature -> Arrays.copyOf(signature, 65));
    }
}
