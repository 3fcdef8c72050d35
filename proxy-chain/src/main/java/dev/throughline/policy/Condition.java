package dev.throughline.policy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Cidr;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.HostId;
import dev.throughline.originator.ProcessIdentity;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A condition of a rule about one fact of a flow. It holds if the fact has one of the condition's values. For an
 * unknown fact it holds only if it accepts unknown values ({@code orUnknown}): a guess could allow a flow, or skip a
 * rule that denies it, for the wrong process.
 */
public sealed interface Condition {
    /** The literal for an unknown value. */
    String UNKNOWN = "unknown";

    /** Returns the condition's key in a configuration. */
    String name();

    /** Returns whether the condition holds. */
    boolean holds(PolicyRequest request);

    /** Returns the actual value as text; empty if unknown. */
    Optional<String> found(PolicyRequest request);

    /** Returns the accepted values as text. */
    String accepted();

    /** Returns whether the condition could hold if more facts were known. */
    default boolean isOpen(PolicyRequest request) {
        return found(request).isEmpty();
    }

    /**
     * Returns whether a fact about the originator is missing that decides whether this condition holds. Evidence {@code remote} never
     * counts as missing: no hop of the chain could identify the process.
     */
    default boolean isUnsure(PolicyRequest request) {
        return false;
    }

    /**
     * Returns whether the condition is about the process or user that opened the flow, not about host or destination.
     */
    default boolean isAboutOriginator() {
        return switch (this) {
            case Host host -> false;
            case Destination destination -> false;
            case Ports ports -> false;
            case Text text -> text.subject() != Subject.DESTINATION_HOST;
            case User user -> true;
            case Group group -> true;
            case EvidenceIs evidence -> true;
            case EvidenceAtLeast evidence -> true;
        };
    }

    /**
     * The real user, by id or by name. The id is always part of an origin; the name is a detail that a previous hop may
     * have removed.
     */
    record User(ImmutableList<Long> ids, ImmutableList<String> names, boolean orUnknown) implements Condition {
        @Override
        public String name() {
            return "user";
        }

        @Override
        public boolean holds(PolicyRequest request) {
            Optional<Long> id = credentials(request).map(Credentials::unsignedUid);
            Optional<String> name = userName(request);
            return id.map(ids::contains).orElse(false)
                    || name.map(names::contains).orElse(false)
                    || (orUnknown && id.isEmpty() && name.isEmpty());
        }

        @Override
        public Optional<String> found(PolicyRequest request) {
            Optional<String> id = credentials(request).map(ids -> Long.toString(ids.unsignedUid()));
            Optional<String> name = userName(request);
            if (id.isPresent() && name.isPresent()) {
                return Optional.of(name.get() + " (" + id.get() + ")");
            }
            return id.map(known -> known + (names.isEmpty() ? "" : ", name unknown"))
                    .or(() -> name.map(known -> known + (ids.isEmpty() ? "" : ", id unknown")));
        }

        @Override
        public String accepted() {
            return anyOf(Stream.concat(ids.stream(), names.stream()).toList(), orUnknown);
        }

        @Override
        public boolean isOpen(PolicyRequest request) {
            return (!ids.isEmpty() && credentials(request).isEmpty())
                    || (!names.isEmpty() && userName(request).isEmpty());
        }

        /**
         * A missing user name isn't a missing fact: the host has no name for the id, or a previous hop removed the
         * name.
         */
        @Override
        public boolean isUnsure(PolicyRequest request) {
            boolean idCounts = !ids.isEmpty() || userName(request).isEmpty();
            return !holds(request)
                    && isExpected(request)
                    && credentials(request).isEmpty()
                    && idCounts;
        }

        private static Optional<String> userName(PolicyRequest request) {
            return identity(request).processContext().userName();
        }
    }

    /** The real group, by id. */
    record Group(ImmutableList<Long> ids, boolean orUnknown) implements Condition {
        @Override
        public String name() {
            return "group";
        }

        @Override
        public boolean holds(PolicyRequest request) {
            OptionalLong group = group(request);
            return group.isPresent() ? ids.contains(group.getAsLong()) : orUnknown;
        }

        @Override
        public Optional<String> found(PolicyRequest request) {
            return group(request).stream().mapToObj(Long::toString).findFirst();
        }

        @Override
        public String accepted() {
            return anyOf(ids, orUnknown);
        }

        @Override
        public boolean isUnsure(PolicyRequest request) {
            return !holds(request) && isExpected(request) && group(request).isEmpty();
        }

        private static OptionalLong group(PolicyRequest request) {
            return credentials(request)
                    .filter(ids -> ids.gid() != Credentials.NOT_KNOWN)
                    .map(ids -> OptionalLong.of(ids.unsignedGid()))
                    .orElseGet(OptionalLong::empty);
        }
    }

    /** A fact that is text. */
    record Text(Subject subject, ImmutableList<TextPattern> patterns, boolean orUnknown) implements Condition {
        @Override
        public String name() {
            return subject.toString();
        }

        @Override
        public boolean holds(PolicyRequest request) {
            Optional<String> text = subject.of(request);
            if (text.isEmpty()) {
                return orUnknown;
            }
            for (TextPattern pattern : patterns) {
                if (pattern.matches(text.get())) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public Optional<String> found(PolicyRequest request) {
            return subject.of(request);
        }

        @Override
        public boolean isUnsure(PolicyRequest request) {
            return !holds(request)
                    && isExpected(request)
                    && subject.of(request).isEmpty()
                    && subject.isExpected(identity(request));
        }

        @Override
        public String accepted() {
            return anyOf(patterns, orUnknown);
        }
    }

    /** The host on which the flow was opened. */
    record Host(ImmutableList<String> hosts) implements Condition {
        @Override
        public String name() {
            return "host";
        }

        @Override
        public boolean holds(PolicyRequest request) {
            for (String name : hosts) {
                if (HostId.of(name).equals(request.originator().host())) {
                    return true;
                }
            }
            return false;
        }

        /** Hosts are compared by id; names come from the trust file. */
        @Override
        public Optional<String> found(PolicyRequest request) {
            return Optional.of("id " + request.originator().host());
        }

        @Override
        public String accepted() {
            return hosts.stream()
                    .map(name -> name + " (id " + HostId.of(name) + ")")
                    .collect(Collectors.joining(" or "));
        }
    }

    /** The evidence for the originator: exactly one of these. */
    record EvidenceIs(ImmutableList<Evidence> kinds) implements Condition {
        @Override
        public String name() {
            return "evidence";
        }

        @Override
        public boolean holds(PolicyRequest request) {
            return kinds.contains(identity(request).evidence());
        }

        @Override
        public Optional<String> found(PolicyRequest request) {
            return Optional.of(identity(request).evidence().toString());
        }

        @Override
        public String accepted() {
            return anyOf(kinds, false);
        }
    }

    /** The minimum evidence for the originator, in the order of {@link EvidenceOrder}. */
    record EvidenceAtLeast(ImmutableList<Evidence> least) implements Condition {
        @Override
        public String name() {
            return "evidence-at-least";
        }

        @Override
        public boolean holds(PolicyRequest request) {
            Evidence evidence = identity(request).evidence();
            return least.stream().anyMatch(demanded -> EvidenceOrder.isAtLeast(evidence, demanded));
        }

        @Override
        public Optional<String> found(PolicyRequest request) {
            return Optional.of(identity(request).evidence().toString());
        }

        @Override
        public String accepted() {
            return anyOf(least, false);
        }
    }

    /** The network of the requested destination, in any notation of its address. */
    record Destination(ImmutableList<Cidr> networks) implements Condition {
        @Override
        public String name() {
            return "destination";
        }

        @Override
        public boolean holds(PolicyRequest request) {
            for (InetAddress meant : DestinationMeanings.of(destination(request).getAddress())) {
                for (Cidr network : networks) {
                    if (network.contains(meant)) {
                        return true;
                    }
                }
            }
            return false;
        }

        @Override
        public Optional<String> found(PolicyRequest request) {
            return Optional.of(InetAddresses.toAddrString(destination(request).getAddress()));
        }

        @Override
        public String accepted() {
            return anyOf(networks, false);
        }
    }

    /** The port of the requested destination. */
    record Ports(ImmutableList<Range<Integer>> ranges) implements Condition {
        @Override
        public String name() {
            return "ports";
        }

        @Override
        public boolean holds(PolicyRequest request) {
            int port = destination(request).getPort();
            for (Range<Integer> range : ranges) {
                if (range.contains(port)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public Optional<String> found(PolicyRequest request) {
            return Optional.of(Integer.toString(destination(request).getPort()));
        }

        @Override
        public String accepted() {
            return ranges.stream()
                    .map(range -> range.lowerEndpoint().equals(range.upperEndpoint())
                            ? range.lowerEndpoint().toString()
                            : range.lowerEndpoint() + "-" + range.upperEndpoint())
                    .collect(Collectors.joining(" or "));
        }
    }

    /** Returns whether a hop of the chain could have identified the originator. */
    private static boolean isExpected(PolicyRequest request) {
        return identity(request).evidence() != Evidence.REMOTE;
    }

    private static ProcessIdentity identity(PolicyRequest request) {
        return request.originator().identity();
    }

    private static Optional<Credentials> credentials(PolicyRequest request) {
        return identity(request).credentials();
    }

    private static InetSocketAddress destination(PolicyRequest request) {
        return request.originator().tuple().destination();
    }

    private static String anyOf(Collection<?> values, boolean orUnknown) {
        return Stream.concat(values.stream(), orUnknown ? Stream.of(UNKNOWN) : Stream.empty())
                .map(Object::toString)
                .collect(Collectors.joining(" or "));
    }
}
