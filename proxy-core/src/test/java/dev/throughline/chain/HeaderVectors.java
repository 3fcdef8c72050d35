package dev.throughline.chain;

import java.util.List;

/** Vectors of malformed headers and fragments. */
final class HeaderVectors {
    private final VectorCatalogue to;

    HeaderVectors(VectorCatalogue to) {
        this.to = to;
    }

    void add() {
        headers();
        fragments();
    }

    private void headers() {
        to.addHeader(
                "signature",
                "A wrong byte in the signature.",
                "signature",
                11,
                d -> d.edit("signature", "0d0a0d0a000d0a515549540b"));
        to.addHeader(
                "version",
                "Version 1 of the binary format, which there never was.",
                "version and command",
                0,
                d -> d.forge.versionCommand = 0x11);
        to.addHeader("command", "Command 2.", "version and command", 0, d -> d.forge.versionCommand = 0x22);
        to.addHeader("unspec", "PROXY for a flow of no family.", "family", 0, d -> d.forge.family = 0x00);
        to.addHeader("unix", "PROXY for a Unix socket.", "family", 0, d -> d.forge.family = 0x31);
        to.addHeader(
                "short", "A length that is too short for the addresses.", "length", 0, d -> d.edit("length", "000b"));
        to.addHeader("over-limit", "A header of 4097 bytes.", "length", 0, d -> d.edit("length", "0ff1"));
        to.addHeader(
                "tlv-overrun", "A TLV that is longer than the rest of the header.", "TLV type ea: length", 0, d -> {
                    d.forge.after.add(Forge.tlv(0xEA, "0102"));
                    d.edit("TLV type ea: length", "0003");
                });
        to.addHeader("stray-byte", "One byte after the last TLV.", "TLV type ea: value", 0, d -> {
            d.forge.after.add(Forge.tlv(0xEA, "01"));
            d.edit("TLV type ea: length", "0000");
        });
        to.addHeader("stray-bytes", "Two bytes after the last TLV.", "TLV type ea: value", 0, d -> {
            d.forge.after.add(Forge.tlv(0xEA, "0102"));
            d.edit("TLV type ea: length", "0000");
        });
        to.addHeader("checksum", "A checksum that doesn't hold.", "CRC32C", 0, d -> {
            d.forge.checksum = true;
            d.edit("CRC32C", "00000000");
        });
        to.addHeader(
                "checksum-size",
                "A checksum of three bytes.",
                "TLV type 03",
                0,
                d -> d.forge.after.add(Forge.tlv(3, "000000")));
        to.addHeader("checksum-twice", "Two checksums.", "TLV type: CRC32C", 0, d -> {
            d.forge.after.add(Forge.tlv(3, "00000000"));
            d.forge.checksum = true;
        });
        to.addHeader(
                "ipv4-mapped",
                "IPv4 addresses in IPv6 spelling.",
                "address block: original source and destination",
                0,
                d -> {
                    d.hops(3, true);
                    d.edit(
                            "address block: original source and destination",
                            "00000000000000000000ffffc000020a" + "00000000000000000000ffffc6336450" + "9c40" + "01bb");
                });
    }

    private void fragments() {
        to.addMalformed(
                "fragment-empty",
                "A fragment without content.",
                "magic",
                0,
                d -> d.forge.fragmentEdit = list -> List.of(list.getFirst().slice(0, 4)));
        to.addMalformed(
                "fragment-version", "Version 2 of the chain.", "chain version", 0, d -> d.edit("chain version", "02"));
        to.addMalformed(
                "fragment-number",
                "One fragment that says it is the second of two.",
                "fragment 1 of 1",
                0,
                d -> d.edit("fragment 1 of 1", "11"));
        to.addMalformed(
                "fragment-missing", "The first of two fragments without the second.", "fragment 1 of 2", 0, d -> {
                    VectorCatalogue.grow(d.forge, 500);
                    d.forge.fragmentEdit = list -> list.subList(0, 1);
                });
        to.addMalformed("fragment-order", "The second fragment before the first.", "fragment 2 of 2", 0, d -> {
            VectorCatalogue.grow(d.forge, 500);
            d.forge.fragmentEdit = list -> List.of(list.get(1), list.get(0));
        });
        to.addMalformed("fragment-twice", "The second fragment twice.", "fragment 1 of 2", 0, d -> {
            VectorCatalogue.grow(d.forge, 500);
            d.forge.fragmentEdit = list -> List.of(list.get(0), list.get(1), list.get(1));
        });
        to.addMalformed("fragment-short", "A first fragment that is shorter than it could be.", "magic", 0, d -> {
            VectorCatalogue.grow(d.forge, 500);
            d.forge.fragmentEdit = list -> List.of(
                    list.get(0).slice(0, 1023),
                    list.get(1)
                            .slice(0, 4)
                            .putAll(list.get(0).slice(1023, 1024))
                            .putAll(list.get(1).slice(4, list.get(1).size())));
        });
        to.addMalformed("fragment-long", "A fragment of more than 1024 bytes.", "magic", 0, d -> {
            VectorCatalogue.grow(d.forge, 500);
            d.forge.fragmentEdit = list -> List.of(list.get(0)
                    .replaced("fragment 1 of 2", "00")
                    .putAll(list.get(1).slice(4, 5)));
        });
    }
}
