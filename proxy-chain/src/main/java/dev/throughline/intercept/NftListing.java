package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The chains and rules in the output of {@code nft -j list ruleset} (libnftables-json(5)), including those of
 * iptables-nft. Expressions stay in their JSON form: maps, lists, strings and numbers. Sets and other objects are left
 * out.
 */
record NftListing(ImmutableList<Chain> chains, ImmutableList<Rule> rules) {
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final Pattern OPENED = Pattern.compile("\\s*(table|chain) (.+) \\{ # handle \\d+");
    private static final Pattern RULE = Pattern.compile("\\s*(.*?)\\s*# handle (\\d+)");

    /** A chain with its hook; the hook is empty for a chain that is only called by rules. */
    record Chain(ChainName name, String hook) {}

    record ChainName(String family, String table, String chain) {}

    record Rule(ChainName chain, long handle, List<?> expressions) {}

    /**
     * Parses a listing.
     *
     * @throws IllegalArgumentException if it isn't JSON
     */
    static NftListing parse(String json) {
        ImmutableList.Builder<Chain> chains = ImmutableList.builder();
        ImmutableList.Builder<Rule> rules = ImmutableList.builder();
        for (Object entry : entries(json)) {
            if (member(entry, "chain") instanceof Map<?, ?> chain) {
                chains.add(new Chain(name(chain, "name"), text(chain.get("hook"))));
            }
            if (member(entry, "rule") instanceof Map<?, ?> rule
                    && rule.get("handle") instanceof Long handle
                    && rule.get("expr") instanceof List<?> expressions) {
                rules.add(new Rule(name(rule, "chain"), handle, expressions));
            }
        }
        return new NftListing(chains.build(), rules.build());
    }

    /** Returns the text of each rule from {@code nft -a list ruleset}, by chain and handle. */
    static ImmutableMap<String, String> words(String text) {
        Map<String, String> words = new LinkedHashMap<>();
        String table = "";
        String chain = "";
        for (String line : text.lines().toList()) {
            Matcher opened = OPENED.matcher(line);
            Matcher rule = RULE.matcher(line);
            if (opened.matches()) {
                table = opened.group(1).equals("table") ? opened.group(2) : table;
                chain = opened.group(1).equals("chain") ? opened.group(2) : "";
            } else if (rule.matches()) {
                words.put(
                        table + " " + chain + " " + rule.group(2),
                        rule.group(1)
                                .replaceAll("counter packets \\d+ bytes \\d+ ?", "")
                                .strip());
            }
        }
        return ImmutableMap.copyOf(words);
    }

    static @Nullable Object member(@Nullable Object value, String name) {
        return value instanceof Map<?, ?> map ? map.get(name) : null;
    }

    private static ChainName name(Map<?, ?> of, String chain) {
        return new ChainName(text(of.get("family")), text(of.get("table")), text(of.get(chain)));
    }

    private static String text(@Nullable Object value) {
        return value instanceof String text ? text : "";
    }

    private static List<?> entries(String json) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            return member(value(parser), "nftables") instanceof List<?> entries ? entries : List.of();
        } catch (JacksonException e) {
            throw new IllegalArgumentException("nft's listing is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static @Nullable Object value(JsonParser parser) {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> members = new LinkedHashMap<>();
                while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                    String name = parser.currentName();
                    parser.nextToken();
                    members.put(name, value(parser));
                }
                yield members;
            }
            case START_ARRAY -> {
                List<@Nullable Object> values = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    values.add(value(parser));
                }
                yield values;
            }
            case VALUE_NUMBER_INT -> parser.getBigIntegerValue().longValue();
            case VALUE_STRING -> parser.getString();
            case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
            case null, default -> null;
        };
    }
}
