package dev.throughline.key;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A trust file's text while one key in it is changed: all other lines, comments among them, stay as they are.
 *
 * @param source the file's name, for messages
 * @param text all of it
 */
public record TrustText(String source, String text) {
    /**
     * Reads it.
     *
     * @return what the keys in it may do
     * @throws KeyFormatException with a line {@code source:line:column: problem} for each problem in the text
     */
    public Trust trust() throws KeyFormatException {
        return Trust.parse(source, text);
    }

    /**
     * With an entry in place of its key's line, or at the end. A comment on the line stays.
     *
     * @param entry what the key may do from now on
     * @return the changed text
     */
    public TrustText with(TrustEntry entry) {
        List<String> lines = new ArrayList<>();
        boolean[] found = {false};
        TextLine.lines(text).forEach(line -> {
            if (isOf(entry.key(), line)) {
                found[0] = true;
                lines.add(withComment(entry, TextLine.of(line).comment()));
            } else {
                lines.add(line);
            }
        });
        if (!found[0]) {
            lines.add(entry.toText());
        }
        return new TrustText(source, lines.stream().map(line -> line + "\n").collect(Collectors.joining()));
    }

    private static boolean isOf(PublicKey key, String line) {
        TextLine content = TextLine.of(line);
        return !content.words().isEmpty() && content.first().text().equals(key.toText());
    }

    private static String withComment(TrustEntry entry, String comment) {
        if (comment.isEmpty() || entry.revoked().map(comment::equals).orElse(false)) {
            return entry.toText();
        }
        boolean hasReason = entry.revoked().map(why -> !why.isEmpty()).orElse(false);
        return entry.toText() + (hasReason ? "; " : " # ") + comment;
    }
}
