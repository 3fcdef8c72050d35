package dev.throughline.key;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The text of a trust file in which one entry can be changed. All other lines, including comments, stay as they are.
 *
 * @param source the file's name, for messages
 * @param text the whole text
 */
public record TrustText(String source, String text) {
    /**
     * Parses the text.
     *
     * @return the trusted keys
     * @throws KeyFormatException with a line {@code source:line:column: problem} for each problem in the text
     */
    public Trust trust() throws KeyFormatException {
        return Trust.parse(source, text);
    }

    /**
     * Returns this text with an entry in place of its key's line, or at the end. A comment on the line stays.
     *
     * @param entry the new entry
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
