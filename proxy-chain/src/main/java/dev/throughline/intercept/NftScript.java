package dev.throughline.intercept;

import java.util.List;

/** The text of one nft table, written line by line. */
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

    /** A set that rules add to, whose elements may end by themselves; the oldest stay when it is full. */
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

    /** How long conntrack remembers a TCP connection from which nothing is heard; the family is ip or ip6. */
    void timeouts(String name, String family) {
        text.append("\n\tct timeout ").append(name).append(" {\n");
        rule("protocol tcp");
        rule("l3proto " + family);
        rule("policy = { established : 432000, fin_wait : 432000, close_wait : 432000 }");
        end();
    }

    /** A chain that others jump to. */
    void chain(String name) {
        text.append("\n\tchain ").append(name).append(" {\n");
    }

    /** A chain that the kernel calls; what it has no rule for passes. */
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
