package dev.throughline.intercept;

import com.google.common.base.Splitter;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** An evaluator of nft expressions on a packet's marks. Results are empty if an expression depends on anything else. */
final class MarkExpression {
    /** nft's translation of iptables' MARK and CONNMARK targets. */
    private static final Pattern SET = Pattern.compile(
            "(?:^|.* )(meta|ct) mark set (ct mark|mark|0x[0-9a-f]+)((?: (?:and|or|xor) 0x[0-9a-f]+)*)$");

    private MarkExpression() {}

    /** A mark that a rule sets on a packet or its connection. */
    record NewMark(boolean ofConnection, Optional<Integer> value) {
        /** Returns whether bits of a hop change or may change. */
        boolean changes(MarkedPacket packet) {
            int old = ofConnection ? packet.connectionMark() : packet.mark();
            return value.map(mark -> ((mark ^ old) & Marks.MASK) != 0).orElse(true);
        }
    }

    /** Returns the value of an expression such as {@code meta mark & 0x4000}. */
    static Optional<Integer> value(@Nullable Object expression, MarkedPacket packet) {
        if (expression instanceof Long number) {
            return Optional.of(number.intValue());
        }
        if (!(expression instanceof Map<?, ?> map) || map.size() != 1) {
            return Optional.empty();
        }
        Map.Entry<?, ?> only = map.entrySet().iterator().next();
        return switch (String.valueOf(only.getKey())) {
            case "meta" -> isMark(only.getValue()) ? Optional.of(packet.mark()) : Optional.empty();
            case "ct" -> isMark(only.getValue()) ? Optional.of(packet.connectionMark()) : Optional.empty();
            case "&", "|", "^" -> binary(String.valueOf(only.getKey()), only.getValue(), packet);
            default -> Optional.empty();
        };
    }

    /** Returns whether an expression reads a mark. */
    static boolean readsMark(@Nullable Object expression) {
        return switch (expression) {
            case Map<?, ?> map ->
                map.entrySet().stream()
                        .anyMatch(entry -> ((entry.getKey().equals("meta")
                                                || entry.getKey().equals("ct"))
                                        && isMark(entry.getValue()))
                                || readsMark(entry.getValue()));
            case List<?> list -> list.stream().anyMatch(MarkExpression::readsMark);
            case null, default -> false;
        };
    }

    /** Returns whether {@code value} matches the right side of a comparison: a number, a range, or a set. */
    static Optional<Boolean> isIn(int value, @Nullable Object right) {
        if (right instanceof Long number) {
            return Optional.of(number.intValue() == value);
        }
        if (NftListing.member(right, "set") instanceof List<?> set) {
            return isInAny(value, set);
        }
        if (NftListing.member(right, "range") instanceof List<?> range
                && range.size() == 2
                && range.get(0) instanceof Long first
                && range.get(1) instanceof Long last) {
            long unsigned = Integer.toUnsignedLong(value);
            return Optional.of(unsigned >= first && unsigned <= last);
        }
        return Optional.empty();
    }

    private static Optional<Boolean> isInAny(int value, List<?> set) {
        boolean unknown = false;
        for (Object element : set) {
            Optional<Boolean> in = isIn(value, element);
            if (in.orElse(false)) {
                return in;
            }
            unknown |= in.isEmpty();
        }
        return unknown ? Optional.empty() : Optional.of(false);
    }

    /** Returns the mark that a {@code mangle} statement sets; empty if it sets something else. */
    static Optional<NewMark> set(@Nullable Object mangle, MarkedPacket packet) {
        Object key = NftListing.member(mangle, "key");
        boolean packetMark = isMark(NftListing.member(key, "meta"));
        boolean connectionMark = isMark(NftListing.member(key, "ct"));
        return packetMark || connectionMark
                ? Optional.of(new NewMark(connectionMark, value(NftListing.member(mangle, "value"), packet)))
                : Optional.empty();
    }

    /** Returns the mark that iptables' MARK or CONNMARK sets, from nft's translation. */
    static NewMark setByTarget(String target, String words, MarkedPacket packet) {
        Matcher set = SET.matcher(words);
        if (!set.matches()) {
            return new NewMark(target.equals("CONNMARK"), Optional.empty());
        }
        boolean ofConnection = set.group(1).equals("ct");
        int old = ofConnection ? packet.connectionMark() : packet.mark();
        int from = switch (set.group(2)) {
            case "mark" -> packet.mark();
            case "ct mark" -> packet.connectionMark();
            default -> Integer.parseUnsignedInt(set.group(2).substring(2), 16);
        };
        int mask = ~0;
        int value = from;
        Iterator<String> operations =
                Splitter.on(' ').omitEmptyStrings().split(set.group(3)).iterator();
        while (operations.hasNext()) {
            String operator = operations.next();
            int operand = Integer.parseUnsignedInt(operations.next().substring(2), 16);
            value = apply(operator, value, operand);
            mask = operator.equals("and") ? operand : mask;
        }
        // Saving and restoring keeps bits outside the mask, which the translation omits.
        return new NewMark(
                ofConnection, Optional.of(target.equals("CONNMARK") ? (old & ~mask) | (value & mask) : value));
    }

    private static Optional<Integer> binary(String operator, @Nullable Object operands, MarkedPacket packet) {
        if (!(operands instanceof List<?> list) || list.isEmpty()) {
            return Optional.empty();
        }
        Optional<Integer> result = value(list.getFirst(), packet);
        for (Object operand : list.subList(1, list.size())) {
            Optional<Integer> right = value(operand, packet);
            result = result.flatMap(left -> right.map(number -> apply(operator, left, number)));
        }
        return result;
    }

    private static int apply(String operator, int left, int right) {
        return switch (operator) {
            case "&", "and" -> left & right;
            case "|", "or" -> left | right;
            default -> left ^ right;
        };
    }

    private static boolean isMark(@Nullable Object of) {
        return "mark".equals(NftListing.member(of, "key"));
    }
}
