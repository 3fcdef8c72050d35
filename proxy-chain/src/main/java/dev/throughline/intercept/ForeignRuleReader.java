package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A reader of the rules of other programs on this host, which finds those that affect packets of a hop. */
public final class ForeignRuleReader {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final List<Path> LEGACY_TABLES =
            List.of(Path.of("/proc/net/ip_tables_names"), Path.of("/proc/net/ip6_tables_names"));

    private final CommandRunner programs;

    /** Reads the rules of this process's network namespace. */
    public ForeignRuleReader() {
        this(new CommandRunner(PATIENCE, ImmutableList.of()));
    }

    ForeignRuleReader(CommandRunner programs) {
        this.programs = programs;
    }

    /**
     * Returns the rules of other programs that match or change packets with marks of {@code plan}.
     *
     * @throws IOException if the rules can't be read, with the message of the failed program
     */
    public ImmutableList<ForeignRule> read(RulePlan plan) throws IOException {
        String json = programs.run(List.of("nft", "-j", "list", "ruleset"), "").output();
        String text = programs.run(List.of("nft", "-a", "list", "ruleset"), "").output();
        ImmutableList.Builder<ForeignRule> found = ImmutableList.builder();
        try {
            found.addAll(ForeignRules.of(json, text, plan));
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
        for (String family : DivertRoutes.FAMILIES) {
            List<String> command = new DivertRoutes(plan.mark()).listRules(family);
            CommandRunner.Result rules = programs.attempt(command, "");
            if (rules.code() == 0) {
                found.addAll(ForeignPolicyRules.of(family, rules.lines(), plan));
            } else if (family.equals("-4")) {
                throw CommandRunner.failure(command, rules.code(), rules.error());
            }
        }
        return found.build();
    }

    /** Returns the tables of legacy iptables on this host, whose rules nft doesn't list; empty if there are none. */
    public static ImmutableList<String> legacyTables() throws IOException {
        ImmutableList.Builder<String> tables = ImmutableList.builder();
        for (Path names : LEGACY_TABLES) {
            if (Files.isReadable(names)) {
                Files.readAllLines(names).stream()
                        .filter(name -> !name.isBlank())
                        .map(name -> (names.endsWith("ip_tables_names") ? "iptables " : "ip6tables ") + name)
                        .forEach(tables::add);
            }
        }
        return tables.build();
    }
}
