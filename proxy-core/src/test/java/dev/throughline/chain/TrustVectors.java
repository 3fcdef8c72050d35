package dev.throughline.chain;

import com.google.common.base.Splitter;
import dev.throughline.header.Bytes;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.Trust;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Generates the files in vectors/trust/: trust files that are accepted, or rejected for one reason. */
final class TrustVectors {
    static final String FOLDER = "trust";

    private static final String LAPTOP = Scene.key("laptop").publicKey().toText();
    private static final String GATEWAY = Scene.key("gateway").publicKey().toText();
    private static final String FROM = "2027-01-01T00:00:00Z";

    private final Map<String, String> files;

    TrustVectors(Map<String, String> files) {
        this.files = files;
    }

    /** Returns a file's text in the format of a vector. */
    static String escaped(String text) {
        return text.codePoints()
                .mapToObj(c -> c == '\n' || (c >= ' ' && c <= '~') ? Character.toString(c) : "\\u%04x".formatted(c))
                .collect(Collectors.joining());
    }

    /** Returns the text of the file in a vector. */
    static String unescaped(String text) {
        StringBuilder out = new StringBuilder();
        List<String> parts = Splitter.on("\\u").splitToList(text);
        out.append(parts.getFirst());
        for (String part : parts.subList(1, parts.size())) {
            out.append((char) Integer.parseInt(part.substring(0, 4), 16)).append(part.substring(4));
        }
        return out.toString();
    }

    /** Returns the keys of a file, one canonical line for each key. */
    static List<String> lines(String text) throws KeyFormatException {
        return StreamSupport.stream(Trust.parse("", text).entries().spliterator(), false)
                .map(entry -> entry.toText().replaceFirst(" *#.*", ""))
                .toList();
    }

    void add() {
        accepted();
        words();
        instants();
        files();
        keys();
    }

    private void accepted() {
        accept("empty", "An empty file, which trusts no key.", "");
        accept("comments", "Comments and empty lines.", "# ours\n\n  \n\t# indented\n#" + LAPTOP + " hop\n");
        accept("origin", "An origin of two hosts.", LAPTOP + " origin=laptop,phone\n");
        accept("origin-any", "An origin of any host.", LAPTOP + " origin=*\n");
        accept("origin-repeated", "A host that is named twice.", LAPTOP + " origin=laptop,laptop\n");
        accept("two-keys", "Two keys of one hop.", LAPTOP + " origin=laptop\n" + other("laptop (hop)") + " hop\n");
        accept("p256", "A P-256 key.", other("laptop (P-256)") + " hop\n");
        accept(
                "any-order",
                "Words in another order.",
                LAPTOP + " until=2028-01-01T00:00:00Z hop from=" + FROM + " origin=laptop\n");
        accept("milliseconds", "An instant with milliseconds.", LAPTOP + " hop from=2027-01-01T00:00:00.001Z\n");
        accept(
                "window-shortest",
                "A window of a millisecond.",
                LAPTOP + " hop from=" + FROM + " until=2027-01-01T00:00:00.001Z\n");
        accept("revoked", "A revoked key without rights.", LAPTOP + " revoked # lost\n");
        accept("comment", "A comment after a space.", LAPTOP + " hop # hop origin=*\n");
        accept("comment-tab", "A comment after a tab.", LAPTOP + " hop\t#revoked\n");
        accept(
                "blanks",
                "Tabs and several spaces between words, before and after them.",
                " \t" + LAPTOP + "\t \thop  \n");
        accept("crlf", "Lines that end with CR LF.", "# ours\r\n\r\n" + LAPTOP + " hop\r\n" + GATEWAY + " hop\r\n");
        accept("no-last-end", "A last line without an end.", LAPTOP + " hop");
    }

    private void words() {
        refuse("no-right", "A key that may do nothing.", LAPTOP + "\n");
        refuse("only-window", "A key that may do nothing for a time.", LAPTOP + " from=" + FROM + "\n");
        refuse("unknown-word", "A word that isn't one.", LAPTOP + " hop admin\n");
        refuse("capitals", "A word in capitals.", LAPTOP + " Hop\n");
        refuse("hop-value", "A value for hop.", LAPTOP + " hop=yes\n");
        refuse("origin-alone", "origin without a host.", LAPTOP + " origin\n");
        refuse("origin-empty", "origin with no host.", LAPTOP + " origin=\n");
        refuse("origin-comma", "A comma after the last host.", LAPTOP + " origin=laptop,\n");
        refuse("origin-star", "A star among hosts.", LAPTOP + " origin=laptop,*\n");
        refuse("origin-name", "A host that is no name.", LAPTOP + " origin=-laptop\n");
        refuse("word-twice", "A word twice.", LAPTOP + " hop hop\n");
        refuse("origin-twice", "Two origins.", LAPTOP + " origin=laptop origin=phone\n");
        refuse("key-after-words", "A key that isn't the first word.", "hop " + LAPTOP + "\n");
        refuse("comment-touching", "A comment that touches a word.", LAPTOP + " hop#ours\n");
        refuse("window-empty", "until is from.", LAPTOP + " hop from=" + FROM + " until=" + FROM + "\n");
        refuse(
                "window-reversed",
                "until is before from, of a revoked key.",
                LAPTOP + " revoked from=" + FROM + " until=2026-12-31T23:59:59Z\n");
    }

    private void instants() {
        instant("date", "A date alone.", "2027-01-01");
        instant("minutes", "An instant without seconds.", "2027-01-01T00:00Z");
        instant("offset", "An instant with an offset.", "2027-01-01T00:00:00+00:00");
        instant("no-zone", "An instant without Z.", "2027-01-01T00:00:00");
        instant("small-letters", "Small letters in an instant.", "2027-01-01t00:00:00z");
        instant("tenths", "One digit of a second's fraction.", "2027-01-01T00:00:00.5Z");
        instant("microseconds", "Six digits of a second's fraction.", "2027-01-01T00:00:00.000001Z");
        instant("milliseconds-0", "Three zeros as a second's fraction.", "2027-01-01T00:00:00.000Z");
        instant("comma", "A comma before a second's fraction.", "2027-01-01T00:00:00,001Z");
        instant("hour-24", "An hour of 24.", "2027-01-01T24:00:00Z");
        instant("second-60", "A leap second.", "2016-12-31T23:59:60Z");
        instant("day", "A day that the month doesn't have.", "2027-02-29T00:00:00Z");
        instant("before-1970", "An instant before 1970.", "1969-12-31T23:59:59Z");
        instant("year-10000", "A year of five digits.", "+10000-01-01T00:00:00Z");
        instant("empty", "No instant.", "");
    }

    private void instant(String name, String comment, String instant) {
        refuse("instant-" + name, comment, LAPTOP + " hop until=" + instant + "\n");
    }

    private void files() {
        refuse(
                "one-bad-line",
                "A bad line between two good ones.",
                2,
                LAPTOP + " hop\nno-key hop\n" + GATEWAY + " hop\n");
        refuse("key-twice", "A key on two lines.", 2, LAPTOP + " hop\n" + LAPTOP + " origin=laptop\n");
        refuse(
                "key-twice-renamed",
                "A key on two lines, under two names.",
                2,
                LAPTOP + " hop\n" + LAPTOP.replaceFirst("laptop", "phone") + " hop\n");
        refuse("byte-order-mark", "A byte order mark.", "\ufeff" + LAPTOP + " hop\n");
        refuse("no-break-space", "A no-break space between words.", LAPTOP + "\u00a0hop\n");
        refuse("ideographic-space", "An ideographic space before the key.", "\u3000" + LAPTOP + " hop\n");
        refuse("form-feed", "A form feed between words.", LAPTOP + " hop\forigin=laptop\n");
        refuse("carriage-return", "A CR without LF between two lines.", LAPTOP + " hop\r" + GATEWAY + " hop\n");
        refuse("carriage-return-twice", "Two CR before LF.", LAPTOP + " hop\r\r\n");
    }

    private void keys() {
        String[] part = LAPTOP.split("\\+", 3);
        key("two-parts", "A key without an id.", "laptop+" + part[2]);
        key("id", "The id of another key.", "laptop+" + GATEWAY.split("\\+", 3)[1] + "+" + part[2]);
        key(
                "id-capitals",
                "An id in capitals.",
                "laptop+" + part[1].toUpperCase(java.util.Locale.ROOT) + "+" + part[2]);
        key("name", "A name that isn't one.", ".laptop+" + part[1] + "+" + part[2]);
        key("name-long", "A name of 65 characters.", "a".repeat(65) + "+" + part[1] + "+" + part[2]);
        byte[] ed25519 = Base64.getDecoder().decode(part[2]);
        String p256 = other("laptop (P-256)");
        key("no-padding", "Base64 without its padding.", p256.replace("=", ""));
        key("base64-bits", "Base64 with a bit set after the last byte.", spare(p256));
        key("base64-url", "Another alphabet of base64.", LAPTOP.replace('/', '_'));
        key(
                "algorithm",
                "An unknown algorithm.",
                text("03" + Bytes.copyOf(ed25519).toString().substring(2)));
        key("no-bytes", "No byte after the id.", text(""));
        key("ed25519-short", "An Ed25519 key of 31 bytes.", text("01" + "00".repeat(31)));
        key("ed25519-long", "An Ed25519 key of 33 bytes.", text(Bytes.copyOf(ed25519) + "00"));
        String rest = "00".repeat(30);
        key("ed25519-identity", "The identity.", text("0101" + "00" + rest));
        key("ed25519-order-2", "A point of order 2.", text("01ec" + "ff".repeat(30) + "7f"));
        key("ed25519-order-4", "A point of order 4.", text("0100" + "00" + rest));
        key(
                "ed25519-order-8",
                "A point of order 8.",
                text("0126e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"));
        key(
                "ed25519-mixed",
                "The base point and a point of order 8.",
                text("01da99e28ba529cdde35a25fba9059e78ecaee239f99755b9b1aa4f65df00803e2"));
        key("ed25519-y-of-p", "A y of p.", text("01ed" + "ff".repeat(30) + "7f"));
        key("ed25519-negative-zero", "The identity with the sign of an x of 0 set.", text("0101" + rest + "80"));
        key("ed25519-no-point", "No point of the curve.", text("0102" + "00" + rest));
        String p = "ffffffff00000001000000000000000000000000";
        key("p256-no-point", "No point of P-256.", text("0202" + "00" + rest + "07"));
        key("p256-x-of-p", "An x of p.", text("0202" + p + "ff".repeat(12)));
        key(
                "p256-x-of-p-plus-5",
                "An x of p + 5, where 5 is that of a point.",
                text("0202" + "ffffffff00000001000000000000000000000001000000000000000000000004"));
        key("p256-form", "A first byte that is neither 02 nor 03.", text("0204" + "00" + rest + "05"));
        key("p256-infinity", "The point at infinity.", text("0200"));
        key(
                "p256-uncompressed",
                "An uncompressed point.",
                text("0204" + "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                        + "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"));
    }

    private static String other(String label) {
        return Scene.key(label).publicKey().toText();
    }

    /** Returns the text of the key with these bytes. */
    private static String text(String algorithmAndKey) {
        byte[] bytes = Bytes.ofHex(algorithmAndKey).toByteArray();
        String id = Bytes.copyOf(FixedRandom.sha256(bytes)).toString().substring(0, 16);
        return "laptop+" + id + "+" + Base64.getEncoder().encodeToString(bytes);
    }

    /** Returns the same base64 with its last bit set, which decoders ignore. */
    private static String spare(String key) {
        int last = key.indexOf('=') - 1;
        return key.substring(0, last) + (char) (key.charAt(last) + 1) + key.substring(last + 1);
    }

    private void key(String name, String comment, String key) {
        refuse("key-" + name, comment, key + " hop\n");
    }

    private void accept(String name, String comment, String text) {
        try {
            String lines =
                    lines(text).stream().map(line -> "line: " + line + "\n").collect(Collectors.joining());
            put("accepted-" + name, "# " + comment + "\nexpect: accepted\n" + lines, text);
        } catch (KeyFormatException e) {
            throw new AssertionError(name, e);
        }
    }

    private void refuse(String name, String comment, String text) {
        refuse(name, comment, 1, text);
    }

    private void refuse(String name, String comment, int line, String text) {
        put("refused-" + name, "# " + comment + "\nexpect: refused " + line + "\n", text);
    }

    private void put(String name, String settings, String text) {
        files.put(FOLDER + "/" + name + ".txt", settings + "\n" + escaped(text) + "\n");
    }
}
