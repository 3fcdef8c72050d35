package dev.throughline.chain;

import dev.throughline.bridge.BridgeHeader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;

/** Generates the vectors of the bridge (BRIDGE.md): handovers of agents, requests of hops, and the answers to both. */
final class BridgeVectors {
    static final String FOLDER = "bridge/";
    private static final String HASH = "c0".repeat(32);
    private static final String TOKEN = "000001f5000001f500000014000001f50000001400000264000186a5000004a3";
    private static final String NO_LOGIN = "ffffffff000001f500000014000001f50000001400000264ffffffff000004a3";

    private final Map<String, String> files;

    /** Adds to {@code files}. */
    BridgeVectors(Map<String, String> files) {
        this.files = files;
    }

    private record Field(int tag, String name, String hex) {}

    /** A header under construction: its parts, and a final change of its bytes. */
    private static final class Draft {
        int command = 0x21;
        int family = 0x11;
        String addresses = "c000020ac63364509c4001bb";
        String wayIn = "03";
        final TreeMap<Integer, Field> core = new TreeMap<>();
        final TreeMap<Integer, TreeMap<Integer, Field>> sections = new TreeMap<>();
        final List<Labelled> before = new ArrayList<>();
        final List<Labelled> after = new ArrayList<>();
        boolean block = true;
        boolean checksum;
        UnaryOperator<Labelled> edit = UnaryOperator.identity();

        void core(int tag, String name, String hex) {
            core.put(tag, new Field(tag, name, hex));
        }

        void section(int kind, int tag, String name, String hex) {
            sections.computeIfAbsent(kind, k -> new TreeMap<>()).put(tag, new Field(tag, name, hex));
        }

        void name(String name) {
            after.add(tlv(0x02, "destination's name", text(name)));
        }

        void handle(String hex) {
            after.add(tlv(0xE7, "handle", hex));
        }

        void edit(String label, String hex) {
            edit = header -> header.replaced(label, hex);
        }

        Labelled header() {
            Labelled tlvs = new Labelled();
            before.forEach(tlvs::putAll);
            if (block) {
                Labelled content = new Labelled()
                        .put("magic", hex("4942"))
                        .u8("block version", 1)
                        .put("way in", hex(wayIn));
                fields(content.lead("core: length", 2, size(core)), "core", core);
                sections.forEach((kind, fields) -> {
                    content.lead("section " + kind + ": kind", 1, kind)
                            .lead("section " + kind + ": length", 2, size(fields));
                    fields(content, "section " + kind, fields);
                });
                tlvs.lead("block: TLV type", 1, 0xE6)
                        .lead("block: length", 2, content.size())
                        .putAll(content);
            }
            after.forEach(tlvs::putAll);
            return edit.apply(header(command, family, addresses, tlvs, checksum));
        }

        static Labelled header(int command, int family, String addresses, Labelled tlvs, boolean checksum) {
            if (checksum) {
                tlvs.putAll(tlv(0x03, "CRC32C", "00000000"));
            }
            Labelled header = new Labelled()
                    .put("signature", hex("0d0a0d0a000d0a515549540a"))
                    .u8("version and command", command)
                    .u8("family", family)
                    .u16("length", addresses.length() / 2 + tlvs.size())
                    .put("source and destination", hex(addresses))
                    .putAll(tlvs);
            return checksum ? checked(header) : header;
        }

        private static Labelled checked(Labelled header) {
            CRC32C crc = new CRC32C();
            crc.update(header.toByteArray());
            return header.replaced("CRC32C", HexFormat.of().toHexDigits((int) crc.getValue()));
        }

        private static int size(Map<Integer, Field> fields) {
            return fields.values().stream()
                    .mapToInt(field -> 3 + field.hex.length() / 2)
                    .sum();
        }

        private static void fields(Labelled to, String where, Map<Integer, Field> fields) {
            for (Field field : fields.values()) {
                String label = where + ", " + field.tag;
                to.lead(label + ": tag", 1, field.tag)
                        .lead(label + ": length", 2, field.hex.length() / 2)
                        .put(label + ": " + field.name, hex(field.hex));
            }
        }
    }

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    private static String text(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Labelled tlv(int type, String name, String hex) {
        return new Labelled()
                .lead(name + ": TLV type", 1, type)
                .lead(name + ": length", 2, hex.length() / 2)
                .put(name, hex(hex));
    }

    private static Draft linux() {
        Draft draft = new Draft();
        draft.core(6, "operating system", "01");
        draft.core(7, "pid, start time", "0000109200000000000f1206");
        draft.core(8, "uid, effective uid, gid", "000003e8000003e800000064");
        draft.section(1, 1, "executable path", text("/usr/bin/curl"));
        draft.section(1, 2, "executable's SHA-256", HASH);
        draft.section(3, 1, "user name", text("alice"));
        return draft;
    }

    private static Draft macos() {
        Draft draft = new Draft();
        draft.wayIn = "07";
        draft.core(6, "operating system", "02");
        draft.core(7, "pid, pidversion", "0000026400000000000004a3");
        draft.core(8, "uid, effective uid, gid", "000001f5000001f500000014");
        draft.section(1, 1, "executable path", text("/Applications/Safari.app/Contents/MacOS/Safari"));
        draft.section(1, 4, "signing id", text("com.apple.Safari"));
        draft.section(1, 5, "team id", text("ABCDE12345"));
        draft.section(1, 6, "cdhash", "cd".repeat(20));
        draft.section(3, 2, "audit session", "000186a5");
        draft.section(3, 4, "audit token", TOKEN);
        draft.section(3, 7, "audit user", "000001f5");
        return draft;
    }

    /** A hop's request under construction. */
    private static final class Request {
        int command = 0x21;
        int family = 0x11;
        String addresses = "c000020ac63364509c4001bb";
        String magic = "4942";
        String version = "01";
        String asked = "00";
        String rest = "";
        final List<Labelled> before = new ArrayList<>();
        final List<Labelled> after = new ArrayList<>();
        boolean request = true;
        boolean checksum;

        static Request open() {
            return new Request();
        }

        static Request watch() {
            Request watch = new Request();
            watch.command = 0x20;
            watch.family = 0;
            watch.addresses = "";
            watch.asked = "01";
            return watch;
        }

        void handle(String hex) {
            after.add(tlv(0xE7, "handle", hex));
        }

        Labelled header() {
            Labelled tlvs = new Labelled();
            before.forEach(tlvs::putAll);
            if (request) {
                Labelled content = new Labelled()
                        .put("magic", hex(magic))
                        .put("request version", hex(version))
                        .put("what is asked", hex(asked))
                        .put("stray bytes", hex(rest));
                tlvs.lead("request: TLV type", 1, 0xE8)
                        .lead("request: length", 2, content.size())
                        .putAll(content);
            }
            after.forEach(tlvs::putAll);
            return Draft.header(command, family, addresses, tlvs, checksum);
        }
    }

    void add() {
        handedOver();
        header();
        handles();
        names();
        block();
        cores();
        sections();
        tokens();
        answers();
        news();
        requests();
        malformedRequests();
    }

    private void handedOver() {
        handedOver("linux", "A process on Linux.", linux(), d -> {});
        handedOver("linux-least", "A process on Linux; nothing but its identity is known.", linux(), d -> {
            d.core.remove(8);
            d.sections.clear();
        });
        handedOver("linux-most", "A process on Linux in every field that there is.", linux(), d -> {
            d.section(1, 3, "command name", text("curl"));
            d.section(1, 9, "device and inode", "000000fd000000010000000000012345");
            d.section(1, 10, "state of the path", "02");
            d.section(2, 1, "boot id", "b0".repeat(16));
            d.section(2, 2, "cgroup path", text("/system.slice/nginx.service"));
            d.section(2, 3, "unit", text("nginx.service"));
            d.section(2, 4, "container id", text("c1".repeat(32)));
            d.section(2, 5, "pod uid", "d0".repeat(16));
            d.section(2, 6, "network namespace", "00000000f0000098");
            d.section(2, 8, "pid namespace", "00000000effffffc");
            d.section(3, 2, "audit session", "00000007");
            d.section(3, 3, "parent", "000000010000000000000005");
            d.section(3, 5, "keyed hash of the command line", "e0".repeat(32));
            d.section(3, 7, "audit user", "000003e8");
        });
        handedOver("linux-start-unknown", "A process on Linux that had ended.", linux(), d -> {
            d.core(7, "pid, start time", "000010920000000000000000");
        });
        handedOver("macos", "A process on macOS.", macos(), d -> {});
        handedOver("macos-least", "A process on macOS; only its audit token is known.", macos(), d -> {
            d.sections.remove(1);
        });
        handedOver("macos-no-login", "A daemon on macOS, without a login user.", macos(), d -> {
            d.sections.remove(3);
            d.section(3, 4, "audit token", NO_LOGIN);
        });
        handedOver("ipv6", "A flow over IPv6.", macos(), d -> {
            d.family = 0x21;
            d.addresses = "20010db8000000000000000000000010" + "20010db8000000000000000000000080" + "9c4001bb";
        });
        handedOver("name", "The destination by its name.", macos(), d -> d.name("www.example.com"));
        handedOver(
                "name-longest",
                "A name of 253 bytes.",
                macos(),
                d -> d.name(("a".repeat(63) + ".").repeat(3) + "b".repeat(61)));
        handedOver(
                "handle", "A handle, by which the agent can be asked to open.", macos(), d -> d.handle("000102fdfeff"));
        handedOver("handle-longest", "A handle of 32 bytes.", macos(), d -> d.handle("ab".repeat(32)));
        handedOver("handle-name-checksum", "Everything that there may be.", macos(), d -> {
            d.handle("07");
            d.name("www.example.com");
            d.checksum = true;
        });
        handedOver("checksum", "A checksum.", linux(), d -> d.checksum = true);
        handedOver("name-checksum", "A name and a checksum.", linux(), d -> {
            d.name("xn--bcher-kva.example");
            d.checksum = true;
        });
    }

    private void header() {
        malformed("local", "Command LOCAL.", linux(), "version and command", d -> d.command = 0x20);
        malformed("udp", "A flow of UDP.", linux(), "family", d -> d.family = 0x12);
        malformed("block-missing", "No block.", linux(), "destination's name: TLV type", d -> {
            d.block = false;
            d.name("www.example.com");
        });
        malformed("block-twice", "Two blocks.", linux(), "second block: TLV type", d -> {
            d.after.add(tlv(0xE6, "second block", "49420103"));
        });
        malformed("block-after-name", "A block after the name.", linux(), "block: TLV type", d -> {
            d.before.add(tlv(0x02, "destination's name", text("www.example.com")));
        });
        malformed("name-twice", "Two names.", linux(), "second name: TLV type", d -> {
            d.name("www.example.com");
            d.after.add(tlv(0x02, "second name", text("www.example.org")));
        });
        malformed("after-checksum", "A name after the checksum.", linux(), "destination's name: TLV type", d -> {
            d.checksum = true;
            d.edit = header -> {
                Labelled longer =
                        header.replaced("CRC32C", "00000000").putAll(tlv(0x02, "destination's name", text("a")));
                int length = longer.size() - 16;
                return Draft.checked(longer.replaced("length", HexFormat.of().toHexDigits((short) length)));
            };
        });
        malformed("chain", "A chain, which is for listeners that verify it.", linux(), "chain: TLV type", d -> {
            d.after.add(tlv(0xE5, "chain", "46490100ff"));
        });
        malformed("other-tlv", "A TLV that isn't for this.", linux(), "other: TLV type", d -> {
            d.after.add(tlv(0xEA, "other", "00"));
        });
    }

    private void handles() {
        malformed("handle-empty", "An empty handle.", linux(), "end of handle's length", d -> d.handle(""));
        malformed("handle-long", "A handle of 33 bytes.", linux(), "handle", d -> d.handle("ab".repeat(33)));
        malformed("handle-twice", "Two handles.", linux(), "second handle: TLV type", d -> {
            d.handle("07");
            d.after.add(tlv(0xE7, "second handle", "08"));
        });
        malformed("handle-before-block", "A handle before the block.", linux(), "block: TLV type", d -> {
            d.before.add(tlv(0xE7, "handle", "07"));
        });
        malformed("handle-after-name", "A handle after the name.", linux(), "handle: TLV type", d -> {
            d.name("www.example.com");
            d.handle("07");
        });
        malformed("request", "A request, which is for agents.", linux(), "request: TLV type", d -> {
            d.after.add(tlv(0xE8, "request", "49420100"));
        });
    }

    private void names() {
        malformedName("upper-case", "A name in another spelling.", "WWW.example.com");
        malformedName("empty", "An empty name.", "");
        malformedName("empty-label", "A name with an empty label.", "www..example.com");
        malformedName("dot", "A name that ends in a dot.", "www.example.com.");
        malformedName("address", "An address for a name.", "198.51.100.80");
        malformedName("not-ascii", "A name that isn't ASCII.", "b\u00fccher.example");
        malformedName("hyphen", "A label that begins with a hyphen.", "-www.example.com");
        malformedName("label-long", "A label of 64 bytes.", "a".repeat(64) + ".example");
        malformedName("long", "A name of 254 bytes.", ("a".repeat(63) + ".").repeat(3) + "b".repeat(62));
    }

    private void malformedName(String name, String comment, String hostName) {
        malformed("name-" + name, comment, linux(), "end of name's length", d -> {
            d.after.add(new Labelled()
                    .lead("destination's name: TLV type", 1, 0x02)
                    .lead("destination's name: length", 2, text(hostName).length() / 2)
                    .put("destination's name", hex(text(hostName))));
        });
    }

    private void block() {
        malformed("block-short", "A block of three bytes.", linux(), "block", d -> {
            d.block = false;
            d.after.add(tlv(0xE6, "block", "494201"));
        });
        malformed("magic", "Another magic.", linux(), "magic", d -> d.edit("magic", "4649"));
        malformed("version-0", "Version 0.", linux(), "block version", d -> d.edit("block version", "00"));
        malformed("version-2", "Version 2.", linux(), "block version", d -> d.edit("block version", "02"));
        malformed("way-unknown", "A way that isn't known.", linux(), "way in", d -> d.wayIn = "0c");
        malformed("way-bridge", "The hop's own way.", linux(), "way in", d -> d.wayIn = "08");
        malformed(
                "way-proxy-header",
                "A flow from a proxy that the agent trusts.",
                linux(),
                "way in",
                d -> d.wayIn = "0b");
    }

    private void cores() {
        malformed("core-long", "A core that is longer than the block.", linux(), "core, 6: tag", d -> {
            d.edit("core: length", "0100");
        });
        malformed("core-host", "A host id, which is the hop's to say.", linux(), "core, 1: tag", d -> {
            d.core(1, "origin host id", "c67ad088e43fc9ef");
        });
        malformed("core-evidence", "Evidence, which is the hop's to say.", linux(), "core, 5: tag", d -> {
            d.core(5, "evidence, way in", "0203");
        });
        malformed("core-unknown", "A field of the core that isn't known.", linux(), "core, 64: tag", d -> {
            d.core(0x40, "a field of a later version", "00");
        });
        malformed("core-order", "Tags that don't ascend.", linux(), "core, 8: tag", d -> d.edit("core, 8: tag", "07"));
        malformed("system-missing", "No operating system.", linux(), "core, 7: tag", d -> d.core.remove(6));
        malformed("system-unknown", "A system that isn't known.", linux(), "core, 6: operating system", d -> {
            d.core(6, "operating system", "04");
        });
        malformed("system-windows", "Windows, which has no form yet.", linux(), "core, 6: operating system", d -> {
            d.core(6, "operating system", "03");
        });
        malformed("process-missing", "No process.", linux(), "core, 6: tag", d -> d.core.remove(7));
        malformed("process-size", "A process of 11 bytes.", linux(), "core, 7: pid", d -> {
            d.core(7, "pid", "0000109200000000000f12");
        });
        malformed("credentials-size", "Credentials of 8 bytes.", linux(), "core, 8: uid", d -> {
            d.core(8, "uid", "000003e8000003e8");
        });
    }

    private void sections() {
        malformed("section-order", "Kinds that don't ascend.", linux(), "section 3: kind", d -> {
            d.edit("section 3: kind", "01");
        });
        malformed("section-kind", "A kind that isn't known.", linux(), "section 4: kind", d -> {
            d.section(4, 1, "something", "00");
        });
        malformed("section-empty", "A section without a field.", linux(), "section 2: kind", d -> {
            d.sections.put(2, new TreeMap<>());
        });
        malformed("section-long", "A section longer than the block.", linux(), "section 3, 1: tag", d -> {
            d.edit("section 3: length", "0100");
        });
        malformed("section-stray-byte", "One byte after the last section.", linux(), "stray byte", d -> {
            d.edit = header -> {
                int length = header.size() - 16 + 1;
                int block = header.size() - header.offsetOf("magic") + 1;
                return header.replaced("length", HexFormat.of().toHexDigits((short) length))
                        .replaced("block: length", HexFormat.of().toHexDigits((short) block))
                        .u8("stray byte", 1);
            };
        });
        malformed("code-unknown", "A field of code that isn't known.", linux(), "section 1, 11: tag", d -> {
            d.section(1, 11, "a field of a later version", "00");
        });
        malformed("code-reserved", "A reserved field.", linux(), "section 1, 7: tag", d -> {
            d.section(1, 7, "package name (Windows)", text("curl"));
        });
        malformed("linux-signing-id", "A signing id on Linux.", linux(), "section 1, 4: tag", d -> {
            d.section(1, 4, "signing id", text("com.apple.curl"));
        });
        malformed("linux-token", "An audit token on Linux.", linux(), "section 3, 4: tag", d -> {
            d.section(3, 4, "audit token", TOKEN);
        });
        malformed("macos-unit", "A unit on macOS.", macos(), "section 2, 3: tag", d -> {
            d.section(2, 3, "unit", text("nginx.service"));
        });
        malformed("text", "A path with a newline.", linux(), "section 1, 1: executable path", d -> {
            d.section(1, 1, "executable path", text("/usr/bin/\ncurl"));
        });
        malformed("hash-size", "A hash of 31 bytes.", linux(), "section 1, 2: executable's SHA-256", d -> {
            d.section(1, 2, "executable's SHA-256", "c0".repeat(31));
        });
    }

    private void tokens() {
        malformed(
                "token-missing",
                "macOS without the audit token.",
                macos(),
                "core, 6: tag",
                d -> d.sections.get(3).remove(4));
        malformed(
                "token-credentials-missing",
                "macOS without users and group.",
                macos(),
                "core, 6: tag",
                d -> d.core.remove(8));
        token("pid", "Another pid than the token's.", d -> d.core(7, "pid, pidversion", "0000026500000000000004a3"));
        token("pidversion", "Another pidversion than the token's.", d -> {
            d.core(7, "pid, pidversion", "0000026400000000000004a4");
        });
        token("uid", "Another user than the token's.", d -> {
            d.core(8, "uid, effective uid, gid", "00000000000001f500000014");
        });
        token("effective-uid", "Another effective user than the token's.", d -> {
            d.core(8, "uid, effective uid, gid", "000001f50000000000000014");
        });
        token("gid", "Another group than the token's.", d -> {
            d.core(8, "uid, effective uid, gid", "000001f5000001f500000000");
        });
        token("session", "Another audit session than the token's.", d -> {
            d.section(3, 2, "audit session", "000186a6");
        });
        token("audit-user", "Another audit user than the token's.", d -> d.section(3, 7, "audit user", "000001f6"));
        token(
                "audit-user-missing",
                "No audit user, where the token has one.",
                d -> d.sections.get(3).remove(7));
    }

    private void token(String name, String comment, Consumer<Draft> change) {
        malformed("token-" + name, comment, macos(), "core, 6: tag", change);
    }

    private void answers() {
        answer("connected", "The connection is open.", "connected", "4942", "01", "00", "0000", "");
        answer(
                "failed",
                "The connection failed.",
                "failed connect-refused",
                "4942",
                "01",
                "01",
                "000f",
                "connect-refused");
        String longest = "a" + "b".repeat(63);
        answer("failed-longest", "A reason of 64 bytes.", "failed " + longest, "4942", "01", "01", "0040", longest);
        answer("news", "News of a later version.", "news 132", "4942", "01", "84", "0003", "abc");
        answer("news-longest", "News of 256 bytes.", "news 255", "4942", "01", "ff", "0100", "n".repeat(256));
        answer("later-connected", "A later hop.", "connected", "4942", "02", "00", "0000", "");
        answer("later-failed", "A later hop.", "failed stopped", "4942", "ff", "01", "0007", "stopped");
        answer("magic-first", "Another magic.", "malformed 0", "4842", "01", "00", "0000", "");
        answer("magic-second", "Another magic.", "malformed 1", "4943", "01", "00", "0000", "");
        answer("version-0", "Version 0.", "malformed 2", "4942", "00", "00", "0000", "");
        answer("code-unknown", "A final answer that isn't known.", "malformed 3", "4942", "01", "02", "0000", "");
        answer("code-last", "The last code that isn't news.", "malformed 3", "4942", "01", "7f", "0000", "");
        answer("connected-content", "Connected, and more.", "malformed 4", "4942", "01", "00", "0001", "a");
        answer(
                "long",
                "An answer of 257 bytes of content.",
                "malformed 4",
                "4942",
                "01",
                "80",
                "0101",
                "n".repeat(257));
        answer("reason-empty", "No reason.", "malformed 6", "4942", "01", "01", "0000", "");
        answer("reason-form", "A reason of another form.", "malformed 6", "4942", "01", "01", "0007", "Stopped");
        answer("reason-long", "A reason of 65 bytes.", "malformed 6", "4942", "01", "01", "0041", "a".repeat(65));
        answer("reason-not-ascii", "A reason that isn't ASCII.", "malformed 6", "4942", "01", "01", "0003", "a\u00e9");
    }

    private void news() {
        answer("waiting", "A start that waits.", "waiting no-memory", "4942", "01", "80", "0009", "no-memory");
        answer("waiting-later", "A later agent.", "waiting no-route", "4942", "02", "80", "0008", "no-route");
        answer("waiting-reason", "A reason of another form.", "malformed 6", "4942", "01", "80", "0009", "No memory");
        answer("waiting-empty", "No reason.", "malformed 6", "4942", "01", "80", "0000", "");
        limits("limits", "Limits.", "limits 7 of 512, 3 wait", "0000020000000007", "00000003");
        limits("limits-none", "No limit.", "limits 7 of 0, 0 wait", "0000000000000007", "00000000");
        limits(
                "limits-exceeded",
                "More in use than the capacity, since waiting connections are in use.",
                "limits 515 of 512, 3 wait",
                "0000020000000203",
                "00000003");
        limits(
                "limits-largest",
                "The largest numbers.",
                "limits 4294967295 of 4294967295, 4294967295 wait",
                "ffffffffffffffff",
                "ffffffff");
        limits("limits-waiting", "More that wait than are in use.", "malformed 14", "0000020000000007", "00000008");
        limits("limits-short", "Limits of 11 bytes.", "malformed 4", "0000020000000007", "000003");
        limits("limits-long", "Limits of 13 bytes.", "malformed 4", "0000020000000007", "0000000300");
        answer("carried", "The identity is carried.", "carried", "4942", "01", "82", "0000", "");
        answer("carried-content", "Carried, and more.", "malformed 4", "4942", "01", "82", "0001", "a");
        addresses();
    }

    private void addresses() {
        String ipv4 = "c000020ac63364509c4001bb";
        String ipv6 = "20010db8000000000000000000000010" + "20010db8000000000000000000000080" + "9c4001bb";
        String mapped = "00000000000000000000ffffc000020a" + "20010db8000000000000000000000080" + "9c4001bb";
        addresses("addresses", "Over IPv4.", "addresses 192.0.2.10:40000 -> 198.51.100.80:443", "11", ipv4);
        addresses("addresses-ipv6", "Over IPv6.", "addresses [2001:db8::10]:40000 -> [2001:db8::80]:443", "21", ipv6);
        addresses("addresses-empty", "None.", "malformed 4", "", "");
        addresses("addresses-short", "12 bytes.", "malformed 4", "11", ipv4.substring(2));
        addresses("addresses-long", "38 bytes.", "malformed 4", "21", ipv6 + "00");
        addresses("addresses-udp", "UDP, which no agent opens.", "malformed 6", "12", ipv4);
        addresses("addresses-none", "No family.", "malformed 6", "00", ipv4);
        addresses("addresses-family", "IPv6 in 13 bytes.", "malformed 6", "21", ipv4);
        addresses("addresses-family-ipv6", "IPv4 in 37 bytes.", "malformed 6", "11", ipv6);
        addresses("addresses-mapped", "An IPv4-mapped address.", "malformed 7", "21", mapped);
    }

    private void addresses(String name, String comment, String expect, String family, String addresses) {
        Labelled answer = new Labelled()
                .put("magic", hex("4942"))
                .u8("version", 1)
                .u8("code", 0x83)
                .u16("length", (family.length() + addresses.length()) / 2)
                .put("family", hex(family))
                .put("source and destination", hex(addresses));
        put("answer-" + name, comment, "answer " + expect, "", answer);
    }

    private void limits(String name, String comment, String expect, String capacityAndInUse, String waiting) {
        Labelled answer = new Labelled()
                .put("magic", hex("4942"))
                .u8("version", 1)
                .u8("code", 0x81)
                .u16("length", (capacityAndInUse.length() + waiting.length()) / 2)
                .put("capacity", hex(capacityAndInUse.substring(0, 8)))
                .put("in use", hex(capacityAndInUse.substring(8)))
                .put("waiting", hex(waiting));
        put("answer-" + name, comment, "answer " + expect, "", answer);
    }

    private void requests() {
        String flow = "192.0.2.10:40000 -> 198.51.100.80:443";
        request("open", "To open a connection that carries nothing.", "open " + flow, Request.open(), r -> {});
        request(
                "open-handle",
                "To open one for a flow.",
                "open " + flow + "; handle 000102fdfeff",
                Request.open(),
                r -> {
                    r.handle("000102fdfeff");
                });
        String longest = "ab".repeat(32);
        request(
                "open-handle-longest",
                "A handle of 32 bytes.",
                "open " + flow + "; handle " + longest,
                Request.open(),
                r -> r.handle(longest));
        request("open-ipv6", "Over IPv6.", "open [2001:db8::10]:40000 -> [2001:db8::80]:443", Request.open(), r -> {
            r.family = 0x21;
            r.addresses = "20010db8000000000000000000000010" + "20010db8000000000000000000000080" + "9c4001bb";
        });
        request("open-checksum", "A checksum.", "open " + flow + "; handle 07", Request.open(), r -> {
            r.handle("07");
            r.checksum = true;
        });
        request("watch", "Asks for notices of the limits.", "watch", Request.watch(), r -> {});
        request("watch-checksum", "A checksum.", "watch", Request.watch(), r -> r.checksum = true);
    }

    private void malformedRequests() {
        malformed("udp", "A flow of UDP.", "family", Request.open(), r -> r.family = 0x12);
        malformed("watch-addresses", "Addresses where none are.", "family", Request.watch(), r -> {
            r.family = 0x11;
            r.addresses = "c000020ac63364509c4001bb";
        });
        malformed("missing", "Nothing is asked.", "end of the header", Request.open(), r -> r.request = false);
        malformed("missing-watch", "Nothing is asked.", "end of the header", Request.watch(), r -> r.request = false);
        malformed("handle-first", "The handle before the request.", "handle: TLV type", Request.open(), r -> {
            r.before.add(tlv(0xE7, "handle", "07"));
        });
        malformed("twice", "Two requests.", "second request: TLV type", Request.open(), r -> {
            r.after.add(tlv(0xE8, "second request", "49420100"));
        });
        malformed("handle-twice", "Two handles.", "second handle: TLV type", Request.open(), r -> {
            r.handle("07");
            r.after.add(tlv(0xE7, "second handle", "08"));
        });
        malformed("handle-empty", "An empty handle.", "end of the header", Request.open(), r -> r.handle(""));
        malformed("handle-long", "A handle of 33 bytes.", "handle", Request.open(), r -> r.handle("ab".repeat(33)));
        malformed("watch-handle", "A handle with nothing to open.", "handle: TLV type", Request.watch(), r -> {
            r.handle("07");
        });
        malformed("name", "A name, which an agent needn't know.", "destination's name: TLV type", Request.open(), r -> {
            r.after.add(tlv(0x02, "destination's name", text("www.example.com")));
        });
        malformed("block", "A flow that is handed over, which is for hops.", "block: TLV type", Request.open(), r -> {
            r.request = false;
            r.after.add(tlv(0xE6, "block", "49420103"));
        });
        malformed("short", "A request of three bytes.", "magic", Request.open(), r -> r.asked = "");
        malformed("magic", "Another magic.", "magic", Request.open(), r -> r.magic = "4649");
        malformed("version-0", "Version 0.", "request version", Request.open(), r -> r.version = "00");
        malformed("version-2", "Version 2.", "request version", Request.open(), r -> r.version = "02");
        malformed("unknown", "A request that isn't known.", "what is asked", Request.open(), r -> r.asked = "02");
        malformed("open-local", "To open, with command LOCAL.", "what is asked", Request.watch(), r -> r.asked = "00");
        malformed("watch-proxy", "To watch, with command PROXY.", "what is asked", Request.open(), r -> r.asked = "01");
        malformed("long", "A request of five bytes.", "stray bytes", Request.open(), r -> r.rest = "00");
    }

    private void request(String name, String comment, String expect, Request request, Consumer<Request> change) {
        change.accept(request);
        put("request-" + name, comment, "request " + expect, "", request.header());
    }

    private void malformed(String name, String comment, String label, Request request, Consumer<Request> change) {
        change.accept(request);
        Labelled header = request.header();
        int offset = label.equals("end of the header") ? header.size() : header.offsetOf(label);
        put("request-malformed-" + name, comment, "request malformed " + offset, "", header);
    }

    private void handedOver(String name, String comment, Draft draft, Consumer<Draft> change) {
        change.accept(draft);
        Labelled header = draft.header();
        BridgeHeader read = BridgeVectorTest.found(Scene.complete(header.toByteArray()));
        put("handed-over-" + name, comment, "handed-over", "says: " + BridgeVectorTest.says(read) + "\n", header);
    }

    private void malformed(String name, String comment, Draft draft, String label, Consumer<Draft> change) {
        change.accept(draft);
        Labelled header = draft.header();
        int offset = switch (label) {
            case "end of name's length" -> header.offsetOf("destination's name: length") + 2;
            case "end of handle's length" -> header.offsetOf("handle: length") + 2;
            default -> header.offsetOf(label);
        };
        put("malformed-" + name, comment, "malformed " + offset, "", header);
    }

    private void answer(
            String name,
            String comment,
            String expect,
            String magic,
            String version,
            String code,
            String length,
            String content) {
        Labelled answer = new Labelled()
                .put("magic", hex(magic))
                .put("version", hex(version))
                .put("code", hex(code))
                .put("length", hex(length))
                .put("content", content.getBytes(StandardCharsets.UTF_8));
        put("answer-" + name, comment, "answer " + expect, "", answer);
    }

    private void put(String name, String comment, String expect, String says, Labelled bytes) {
        String text = "# " + comment + "\nexpect: " + expect + "\n" + says + "\n" + bytes.dump();
        if (files.put(FOLDER + name + ".txt", text) != null) {
            throw new AssertionError("two vectors are called " + name);
        }
    }
}
