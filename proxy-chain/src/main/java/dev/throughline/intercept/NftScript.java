package dev.throughline.intercept;

import java.util.List;

/** A builder for the text of one nft table. */
final class NftScript {
    private final StringBuilder text = new StringBuilder();

    void table(String name, String comment) {
        text.append("table inet ")
                .append(name)
                .append(" {\n\tcomment \"")
                .append(comment)
                .append("\"\n");
    }

    void flags(String flags) {
        text.append("\tflags ").append(flags).append('\n');
    }

    /** Adds a set for rules that add elements, which may have timeouts. A full set rejects new elements. */
    void set(String name, String type, int size, List<String> elements) {
        text.append("\n\tset ").append(name).append(" {\n");
        rule("type " + type);
        rule("size " + size);
        rule("flags dynamic,timeout");
        if (!elements.isEmpty()) {
            rule("elements = { " + String.join(", ", elements) + " }");
        }
        end();
    }

    /** Adds conntrack timeouts for idle TCP connections; the family is ip or ip6. */
    void timeouts(String name, String family) {
        text.append("\n\tct timeout ").append(name).append(" {\n");
        rule("protocol tcp");
        rule("l3proto " + family);
        rule("policy = { established : 432000, fin_wait : 432000, close_wait : 432000 }");
        end();
    }

    /** Adds a chain that other chains jump to. */
    void chain(String name) {
        text.append("\n\tchain ").append(name).append(" {\n");
    }

    /** Adds a base chain with policy accept. */
    void chain(String name, String hook, String purpose) {
        text.append("\n\t# ").append(purpose).append("\n\tchain ").append(name).append(" {\n");
        rule("type " + hook + "; policy accept;");
    }

    void rule(String rule) {
        text.append("\t\t").append(rule).append('\n');
    }

    void end() {
        text.append("\t}\n");
    }

    String text() {
        return text + "}\n";
    }
}
