package dev.throughline.intercept;

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
