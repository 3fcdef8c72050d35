package dev.throughline.intercept;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A search for another hop whose rules use the same mark. Two hops with one mark would share a routing table and a
 * policy rule, and confuse each other's connections with their own.
 */
final class MarkOwners {
    private static final Pattern TABLE = Pattern.compile("table inet (throughline-\\S+)");
    private static final Pattern COMMENT =
            Pattern.compile("\\s*comment \"throughline: hop (\\S+), mark (0x[0-9a-f]{8})\"");

    private final CommandRunner programs;

    MarkOwners(CommandRunner programs) {
        this.programs = programs;
    }

    /** A hop whose table is installed, from the table's comment. */
    record Owner(String hop, int mark) {
        /** Parses the listing of one table; empty if it isn't a hop's. */
        static Optional<Owner> of(List<String> listing) {
            return listing.stream()
                    .map(COMMENT::matcher)
                    .filter(Matcher::matches)
                    .map(comment -> new Owner(
                            comment.group(1),
                            Integer.parseUnsignedInt(comment.group(2).substring(2), 16)))
                    .findFirst();
        }
    }

    /**
     * Throws if another hop uses the mark of {@code plan}.
     *
     * @throws IOException if another hop uses the mark; the message names that hop
     */
    void checkUnused(RulePlan plan) throws IOException {
        Optional<String> other = otherHop(plan);
        if (other.isPresent()) {
            throw new IOException(
                    "mark %1$s belongs to hop %2$s, whose table inet throughline-%2$s is installed: give hop %3$s another mark, or remove those rules (throughline redirect remove with the configuration of %2$s)"
                            .formatted(Marks.brief(plan.mark()), other.get(), plan.hop()));
        }
    }

    /** Returns another hop whose rules are installed with the mark of {@code plan}. */
    Optional<String> otherHop(RulePlan plan) throws IOException {
        for (String line :
                programs.run(List.of("nft", "list", "tables", "inet"), "").lines()) {
            Matcher table = TABLE.matcher(line);
            if (!table.matches() || table.group(1).equals(plan.table())) {
                continue;
            }
            // The table was removed meanwhile.
            List<String> listing = programs.attempt(List.of("nft", "list", "table", "inet", table.group(1)), "")
                    .lines();
            Optional<String> hop = Owner.of(listing)
                    .filter(owner -> owner.mark() == plan.mark())
                    .map(Owner::hop);
            if (hop.isPresent()) {
                return hop;
            }
        }
        return Optional.empty();
    }
}
