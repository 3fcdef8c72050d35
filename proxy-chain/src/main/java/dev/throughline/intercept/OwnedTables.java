package dev.throughline.intercept;

import com.google.common.base.Splitter;
import dev.throughline.platform.linux.Errno;
import dev.throughline.platform.linux.NftLibrary;
import dev.throughline.platform.linux.NftTables;
import dev.throughline.platform.linux.OsException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tables that only this process can change or flush; {@code nft flush ruleset} of another program skips them. They
 * persist when this process ends, and then other programs can change them. They are replaced without a gap between the
 * old and the new rules.
 */
final class OwnedTables implements AutoCloseable {
    /** Suffix of the table that replaces another one while that is recreated with an owner. */
    private static final String SUBSTITUTE = "-next";

    private static final Pattern BLOCK = Pattern.compile("(?m)^\t((?:ct )?[a-z]+) (\\S+) \\{$");
    private static final Pattern COMMENT = Pattern.compile("(?m)^\tcomment \"([^\"]*)\"$");

    private final NftLibrary nft;
    private final NftTables tables;
    private final Map<Boolean, Boolean> known = new HashMap<>();

    private OwnedTables(NftLibrary nft, NftTables tables) {
        this.nft = nft;
        this.tables = tables;
    }

    /**
     * Opens the tables of this thread's network namespace.
     *
     * @throws IOException if libnftables isn't installed, or the kernel can't be queried
     */
    static OwnedTables open() throws IOException {
        NftTables tables = NftTables.open();
        try {
            return new OwnedTables(NftLibrary.open(), tables);
        } catch (IOException e) {
            tables.close();
            throw e;
        }
    }

    /** Returns whether the kernel supports such tables, found by creating and removing one. */
    private boolean isKnown(boolean persist) throws IOException {
        Boolean before = known.get(persist);
        if (before != null) {
            return before;
        }
        boolean answer = probeSupport(persist);
        known.put(persist, answer);
        return answer;
    }

    private boolean probeSupport(boolean persist) throws IOException {
        String probe = "throughline-probe-" + ProcessHandle.current().pid();
        try {
            nft.own(probe, "throughline: probe", persist);
        } catch (OsException e) {
            if (e.errno() == Errno.EPERM) {
                throw e;
            }
            return false;
        }
        nft.run("delete table inet " + probe);
        return true;
    }

    /**
     * Installs exactly the table of {@code script}, owned by this process.
     *
     * @param script in the format of {@link RuleText}
     * @param persist whether the table stays when this process ends
     * @return whether the kernel supports such tables; otherwise nothing has changed
     * @throws IOException with nft's message, or if the table belongs to another process
     */
    boolean load(String table, String script, boolean persist) throws IOException {
        String comment = comment(script);
        Optional<NftTables.Table> found = tables.find(table);
        if (found.map(NftTables.Table::isOwned).orElse(false) && !isOurs(found.get())) {
            throw ownedByAnotherProcess(table);
        }
        boolean claimable =
                found.map(there -> there.isOrphan() || there.isOwned()).orElse(false);
        if (!claimable && !isKnown(persist)) {
            return false;
        }
        if (found.isEmpty()) {
            nft.own(table, comment, persist);
            fill(table, script);
        } else if (claimable) {
            nft.own(table, comment, persist);
            String listing = list(table);
            if (comment.equals(comment(listing))) {
                nft.run(removals(table, listing) + commands(table, script));
            } else {
                replace(table, script, persist);
            }
        } else {
            replace(table, script, persist);
        }
        removeIfThere(table + SUBSTITUTE);
        return true;
    }

    /**
     * Installs the table of {@code script} without an owner, if the installed table has an owner that can be replaced.
     *
     * @return whether it did; a table without an owner isn't changed
     */
    boolean disown(String table, String script) throws IOException {
        Optional<NftTables.Table> found = tables.find(table);
        removeIfThere(table + SUBSTITUTE);
        if (found.isPresent() && found.get().isDormant()) {
            // A dormant table can't be woken and changed in one transaction.
            removeIfThere(table);
            return false;
        }
        if (found.isEmpty() || !(found.get().isOrphan() || found.get().isOwned())) {
            return false;
        }
        if (found.get().isOwned() && !isOurs(found.get())) {
            throw ownedByAnotherProcess(table);
        }
        installSubstitute(table, script);
        nft.run(script);
        removeIfThere(table + SUBSTITUTE);
        return true;
    }

    private void replace(String table, String script, boolean persist) throws IOException {
        installSubstitute(table, script);
        nft.own(table, comment(script), persist);
        fill(table, script);
    }

    /** Removes a table after a substitute has been installed. */
    private void installSubstitute(String table, String script) throws IOException {
        removeIfThere(table + SUBSTITUTE);
        nft.run(script.replaceAll("(?m)^\tflags .*\n", "")
                .replaceAll("\\binet " + Pattern.quote(table) + "(?=[\\s;]|$)", "inet " + table + SUBSTITUTE));
        nft.run("delete table inet " + table);
    }

    private void fill(String table, String script) throws IOException {
        try {
            nft.run(commands(table, script));
        } catch (IOException e) {
            nft.run("delete table inet " + table);
            throw e;
        }
    }

    private void removeIfThere(String table) throws IOException {
        Optional<NftTables.Table> found = tables.find(table);
        if (found.isEmpty()) {
            return;
        }
        if (found.get().isOwned() && !isOurs(found.get())) {
            throw ownedByAnotherProcess(table);
        }
        nft.run("delete table inet " + table);
    }

    void remove(String table) throws IOException {
        removeIfThere(table + SUBSTITUTE);
        removeIfThere(table);
    }

    /** Returns whether a process owns the table. */
    boolean hasOwner(String table) throws IOException {
        return tables.find(table).map(NftTables.Table::isOwned).orElse(false);
    }

    /** Returns whether this process owns the table, so that no other program can have changed it. */
    boolean owns(String table) throws IOException {
        Optional<NftTables.Table> found = tables.find(table);
        return found.isPresent() && isOurs(found.get());
    }

    /** Runs a command on a table of this process. */
    void run(String command) throws IOException {
        nft.run(command);
    }

    String list(String table) throws IOException {
        return nft.run("list table inet " + table);
    }

    /** Returns the listing; empty if there is no such table. */
    String listIfThere(String table) throws IOException {
        Optional<NftTables.Table> found = tables.find(table);
        return found.isEmpty() ? "" : list(table);
    }

    private boolean isOurs(NftTables.Table table) throws IOException {
        return table.isOwned() && table.owner() == nft.port();
    }

    private static IOException ownedByAnotherProcess(String table) {
        return new IOException("table inet " + table + " belongs to another process, as a running hop's does:"
                + " use the hop's admin socket, or stop it first");
    }

    private static String comment(String text) {
        Matcher comment = COMMENT.matcher(text);
        return comment.find() ? comment.group(1) : "";
    }

    /**
     * Returns the commands that remove the contents of {@code listing}. Rules come first, since they refer to chains.
     */
    private static String removals(String table, String listing) {
        StringBuilder commands = new StringBuilder("flush table inet " + table + "\n");
        StringBuilder sets = new StringBuilder();
        Matcher block = BLOCK.matcher(listing);
        while (block.find()) {
            (block.group(1).equals("chain") ? commands : sets)
                    .append("delete %s inet %s %s\n".formatted(block.group(1), table, block.group(2)));
        }
        return commands.append(sets).toString();
    }

    /**
     * Returns the table of a script as single commands. The block form would set the table's flags again, which the
     * kernel rejects.
     */
    static String commands(String table, String script) {
        StringBuilder blocks = new StringBuilder();
        StringBuilder rules = new StringBuilder();
        Matcher block = BLOCK.matcher(script);
        while (block.find()) {
            String kind = block.group(1);
            String name = block.group(2);
            String body = script.substring(block.end() + 1, script.indexOf("\n\t}", block.end()) + 1);
            List<String> lines =
                    Splitter.on('\n').trimResults().omitEmptyStrings().splitToList(body);
            if (!kind.equals("chain")) {
                blocks.append("add %s inet %s %s { %s; }\n".formatted(kind, table, name, String.join("; ", lines)));
                continue;
            }
            blocks.append("add chain inet %s %s".formatted(table, name));
            boolean first = true;
            for (String line : lines) {
                if (first && line.startsWith("type ")) {
                    blocks.append(" { ").append(line).append(" }");
                } else {
                    rules.append("add rule inet %s %s %s\n".formatted(table, name, line));
                }
                first = false;
            }
            blocks.append('\n');
        }
        return blocks.append(rules).toString();
    }

    @Override
    public void close() {
        nft.close();
        tables.close();
    }
}
