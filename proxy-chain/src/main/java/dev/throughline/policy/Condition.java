package dev.throughline.policy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Cidr;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.HostId;
import dev.throughline.originator.ProcessIdentity;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One thing that a rule asks of a flow. It holds if any of its values is there. Of what isn't known nothing holds, but that it
 * isn't known ({@code orUnknown}): a guess would allow, or let pass a rule that denies, for the wrong one.
 */
public sealed interface Condition {
    /** The literal for an unknown value. */
    String UNKNOWN = "unknown";

    /** Its key in a configuration. */
    String name();

    /** Whether it holds. */
    boolean holds(PolicyRequest question);

    /** What is there, in words; empty if it isn't known. */
    Optional<String> found(PolicyRequest question);

    /** What it accepts, in words. */
    String accepted();

    /** Whether it might hold if more were known. */
    default boolean isOpen(PolicyRequest question) {
        return found(question).isEmpty();
    }

    /**
     * Returns whether a fact about the originator is missing that decides whether this condition holds. Evidence {@code remote} never
     * counts as missing: no hop of the chain could identify the process.
     */
    default boolean isUnsure(PolicyRequest question) {
        return false;
    }

    /** Whether it is about who opened the flow, rather than on which host or where to. */
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
     * The real user, by id or by name. An id always travels with a flow; a name is a detail, which a hop on the way may have
     * kept back.
     */
    record User(ImmutableList<Long> ids, ImmutableList<String> names, boolean orUnknown) implements Condition {
        @Override
        public String name() {
            return "user";
        }

        @Override
        public boolean holds(PolicyRequest question) {
            Optional<Long> id = credentials(question).map(Credentials::unsignedUid);
            Optional<String> name = userName(question);
            return id.map(ids::contains).orElse(false)
                    || name.map(names::contains).orElse(false)
                    || (orUnknown && id.isEmpty() && name.isEmpty());
        }

        @Override
        public Optional<String> found(PolicyRequest question) {
            Optional<String> id = credentials(question).map(ids -> Long.toString(ids.unsignedUid()));
            Optional<String> name = userName(question);
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
        public boolean isOpen(PolicyRequest question) {
            return (!ids.isEmpty() && credentials(question).isEmpty())
                    || (!names.isEmpty() && userName(question).isEmpty());
        }

        /** A user id without a name isn't unsure: this host has no name for it, or a previous hop removed the name. */
        @Override
        public boolean isUnsure(PolicyRequest question) {
            boolean idCounts = !ids.isEmpty() || userName(question).isEmpty();
            return !holds(question)
                    && isExpected(question)
                    && credentials(question).isEmpty()
                    && idCounts;
        }

        private static Optional<String> userName(PolicyRequest question) {
            return identity(question).processContext().userName();
        }
    }

    /** The real group, by id. */
    record Group(ImmutableList<Long> ids, boolean orUnknown) implements Condition {
        @Override
        public String name() {
            return "group";
        }

        @Override
        public boolean holds(PolicyRequest question) {
            OptionalLong group = group(question);
            return group.isPresent() ? ids.contains(group.getAsLong()) : orUnknown;
        }

        @Override
        public Optional<String> found(PolicyRequest question) {
            return group(question).stream().mapToObj(Long::toString).findFirst();
        }

        @Override
        public String accepted() {
            return anyOf(ids, orUnknown);
        }

        @Override
        public boolean isUnsure(PolicyRequest question) {
            return !holds(question) && isExpected(question) && group(question).isEmpty();
        }

        private static OptionalLong group(PolicyRequest question) {
            return credentials(question)
                    .filter(ids -> ids.gid() != Credentials.NOT_KNOWN)
                    .map(ids -> OptionalLong.of(ids.unsignedGid()))
                    .orElseGet(OptionalLong::empty);
        }
    }

    /** Something that is known as text. */
    record Text(Subject subject, ImmutableList<TextPattern> patterns, boolean orUnknown) implements Condition {
        @Override
        public String name() {
            return subject.toString();
        }

        @Override
        public boolean holds(PolicyRequest question) {
            return subject.of(question)
                    .map(text -> patterns.stream().anyMatch(pattern -> pattern.matches(text)))
                    .orElse(orUnknown);
        }

        @Override
        public Optional<String> found(PolicyRequest question) {
            return subject.of(question);
        }

        @Override
        public boolean isUnsure(PolicyRequest question) {
            return !holds(question)
                    && isExpected(question)
                    && subject.of(question).isEmpty()
                    && subject.isExpected(identity(question));
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
        public boolean holds(PolicyRequest question) {
            return hosts.stream()
                    .anyMatch(
                            name -> HostId.of(name).equals(question.originator().host()));
        }

        /** Its id: names are for those who know the trust file. */
        @Override
        public Optional<String> found(PolicyRequest question) {
            return Optional.of("id " + question.originator().host());
        }

        @Override
        public String accepted() {
            return hosts.stream()
                    .map(name -> name + " (id " + HostId.of(name) + ")")
                    .collect(Collectors.joining(" or "));
        }
    }

    /** By what evidence the originator is known: exactly one of these. */
    record EvidenceIs(ImmutableList<Evidence> kinds) implements Condition {
        @Override
        public String name() {
            return "evidence";
        }

        @Override
        public boolean holds(PolicyRequest question) {
            return kinds.contains(identity(question).evidence());
        }

        @Override
        public Optional<String> found(PolicyRequest question) {
            return Optional.of(identity(question).evidence().toString());
        }

        @Override
        public String accepted() {
            return anyOf(kinds, false);
        }
    }

    /** The least evidence by which the originator must be known, as {@link EvidenceOrder} has it. */
    record EvidenceAtLeast(ImmutableList<Evidence> least) implements Condition {
        @Override
        public String name() {
            return "evidence-at-least";
        }

        @Override
        public boolean holds(PolicyRequest question) {
            Evidence evidence = identity(question).evidence();
            return least.stream().anyMatch(demanded -> EvidenceOrder.isAtLeast(evidence, demanded));
        }

        @Override
        public Optional<String> found(PolicyRequest question) {
            return Optional.of(identity(question).evidence().toString());
        }

        @Override
        public String accepted() {
            return anyOf(least, false);
        }
    }

    /** The network of the destination that the application asked for, however it wrote its address. */
    record Destination(ImmutableList<Cidr> networks) implements Condition {
        @Override
        public String name() {
            return "destination";
        }

        @Override
        public boolean holds(PolicyRequest question) {
            return DestinationMeanings.of(destination(question).getAddress()).stream()
                    .anyMatch(meant -> networks.stream().anyMatch(network -> network.contains(meant)));
        }

        @Override
        public Optional<String> found(PolicyRequest question) {
            return Optional.of(InetAddresses.toAddrString(destination(question).getAddress()));
        }

        @Override
        public String accepted() {
            return anyOf(networks, false);
        }
    }

    /** The port of that destination. */
    record Ports(ImmutableList<Range<Integer>> ranges) implements Condition {
        @Override
        public String name() {
            return "ports";
        }

        @Override
        public boolean holds(PolicyRequest question) {
            int port = destination(question).getPort();
            return ranges.stream().anyMatch(range -> range.contains(port));
        }

        @Override
        public Optional<String> found(PolicyRequest question) {
            return Optional.of(Integer.toString(destination(question).getPort()));
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

    /** Whether somebody in the chain could have said who opened the flow. */
    private static boolean isExpected(PolicyRequest question) {
        return identity(question).evidence() != Evidence.REMOTE;
    }

    private static ProcessIdentity identity(PolicyRequest question) {
        return question.originator().identity();
    }

    private static Optional<Credentials> credentials(PolicyRequest question) {
        return identity(question).credentials();
    }

    private static InetSocketAddress destination(PolicyRequest question) {
        return question.originator().tuple().destination();
    }

    private static String anyOf(Collection<?> values, boolean orUnknown) {
        return Stream.concat(values.stream(), orUnknown ? Stream.of(UNKNOWN) : Stream.empty())
                .map(Object::toString)
                .collect(Collectors.joining(" or "));
    }
}
