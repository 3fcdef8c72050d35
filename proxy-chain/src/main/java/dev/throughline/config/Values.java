package dev.throughline.config;

import com.google.common.base.Ascii;
import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import com.google.common.collect.Range;
import com.google.common.net.InternetDomainName;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Evidence;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Parsers for the scalar values of a configuration. Each throws {@link IllegalArgumentException} with a message that
 * says what was expected.
 */
public final class Values {
    private static final ImmutableMap<String, Evidence> EVIDENCE =
            Maps.uniqueIndex(Arrays.asList(Evidence.values()), Evidence::toString);

    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern UID = Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
    private static final Pattern CGROUP = Pattern.compile("[A-Za-z0-9@:._\\\\-]+(/[A-Za-z0-9@:._\\\\-]+)*");
    private static final Pattern DEVICE = Pattern.compile("[A-Za-z0-9@._-]{1,15}");
    private static final Pattern HOST_NAME = Pattern.compile("[a-z0-9*._-]+");

    /** The format of a pid file: pid and start time in clock ticks. */
    private static final Pattern PID_FILE = Pattern.compile("\\d+ \\d+\n?");

    private static final int MAX_PID_FILE = 64;

    /** Size of a Unix socket's path (unix(7), sun_path), with the terminating zero. */
    private static final int MAX_SOCKET_PATH = 108;

    private Values() {}

    static int integer(String text, int least, int most) {
        try {
            // Integer.decode would parse 0443 as octal.
            int value = text.startsWith("0x") ? Integer.parseInt(text, 2, text.length(), 16) : Integer.parseInt(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            // The message below applies to this case and to a number out of range.
        }
        throw new IllegalArgumentException(
                "expected a whole number from " + least + " to " + most + ", found \"" + text + "\"");
    }

    static int port(String text) {
        return integer(text, 1, 0xFFFF);
    }

    static int mark(String text) {
        return integer(text, 1, 0xFFFF);
    }

    /** Parses a packet mark, {@code 0x40000} or {@code 0x40000/0xff0000}; without a mask all bits are compared. */
    static ListenerConfig.Mark markMatch(String text) {
        List<String> parts = Splitter.on('/').splitToList(text);
        try {
            int value = unsigned(parts.get(0));
            int mask = parts.size() == 1 ? -1 : unsigned(parts.get(1));
            if (parts.size() <= 2 && (value & ~mask) == 0 && mask != 0) {
                return new ListenerConfig.Mark(value, mask);
            }
        } catch (NumberFormatException e) {
            // The message below says what was expected.
        }
        throw new IllegalArgumentException(
                "expected a mark such as 0x40000, or 0x40000/0xff0000 with its mask, found \"" + text + "\"");
    }

    private static int unsigned(String text) {
        return text.startsWith("0x")
                ? Integer.parseUnsignedInt(text, 2, text.length(), 16)
                : Integer.parseUnsignedInt(text);
    }

    /** Parses a cgroup path below the root of the cgroup2 hierarchy, such as {@code system.slice/vpn.service}. */
    static String cgroup(String text) {
        String path = CharMatcher.is('/').trimFrom(text);
        if (!CGROUP.matcher(path).matches()
                || Splitter.on('/').splitToList(path).contains("..")) {
            throw new IllegalArgumentException(
                    "expected a path below the cgroup root, such as system.slice/vpn.service, found \"" + text + "\"");
        }
        return path;
    }

    /** Parses the name of a network device (Linux: at most 15 characters). */
    static String device(String text) {
        if (!DEVICE.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "expected the name of a network device such as wg0, found \"" + text + "\"");
        }
        return text;
    }

    /** Parses a listening address; a TCP socket can't have a multicast address. */
    static InetSocketAddress listenAddress(String text) {
        InetSocketAddress address = address(text);
        if (address.getAddress().isMulticastAddress()) {
            throw new IllegalArgumentException("can't listen on a multicast address, found \"" + text + "\"");
        }
        return address;
    }

    /** Parses a numeric user or group id. */
    public static int uid(String text) {
        try {
            int id = Integer.parseUnsignedInt(text);
            // The kernel uses this id for "no change" (setresuid(2)), so no user has it.
            if (id == -1) {
                throw new NumberFormatException();
            }
            return id;
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("expected a numeric id, found \"" + text + "\"", e);
        }
    }

    /** Parses the absolute path of an executable, without links. */
    static String absolutePath(String text) {
        if (!text.startsWith("/") || !Path.of(text).normalize().toString().equals(text)) {
            throw new IllegalArgumentException("expected an absolute path without links, found \"" + text + "\"");
        }
        return text;
    }

    /** Parses {@code 443} or {@code 8000-8100}. */
    static Range<Integer> ports(String text) {
        int dash = text.indexOf('-');
        int first = port(dash < 0 ? text : text.substring(0, dash).strip());
        int last = dash < 0 ? first : port(text.substring(dash + 1).strip());
        if (last < first) {
            throw new IllegalArgumentException("expected an ascending range of ports, found \"" + text + "\"");
        }
        return Range.closed(first, last);
    }

    /**
     * Parses {@code 192.0.2.1:443} or {@code [2001:db8::1]:443}. Names are not allowed, since they could resolve
     * differently while the hop runs.
     */
    public static InetSocketAddress address(String text) {
        return Tuple.endpoint(text);
    }

    /** Parses {@code 250us}, {@code 500ms}, {@code 5s}, {@code 2m} or {@code 1h}. */
    public static Duration duration(String text) {
        String number = CharMatcher.inRange('0', '9').retainFrom(text);
        String unit = text.substring(Math.min(text.length(), number.length()));
        if (text.startsWith(number) && !number.isEmpty() && number.length() < 10) {
            long count = Long.parseLong(number);
            switch (unit) {
                case "us" -> {
                    return Duration.ofNanos(1_000 * count);
                }
                case "ms" -> {
                    return Duration.ofMillis(count);
                }
                case "s" -> {
                    return Duration.ofSeconds(count);
                }
                case "m" -> {
                    return Duration.ofMinutes(count);
                }
                case "h" -> {
                    return Duration.ofHours(count);
                }
                default -> {}
            }
        }
        throw new IllegalArgumentException("expected a duration such as 500ms, 5s, 2m or 1h, found \"" + text + "\"");
    }

    static Duration duration(String text, Duration least, Duration most) {
        Duration value = duration(text);
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    "expected between " + text(least) + " and " + text(most) + ", found \"" + text + "\"");
        }
        return value;
    }

    /** Parses a percentage such as {@code 12%}. */
    static int percent(String text, int most) {
        if (!text.endsWith("%")) {
            throw new IllegalArgumentException("expected a percentage such as \"12%\", found \"" + text + "\"");
        }
        return integer(text.substring(0, text.length() - 1), 0, most);
    }

    /** Parses one of several words. */
    static <T> T word(String text, Map<String, T> words) {
        T value = words.get(text);
        if (value == null) {
            throw new IllegalArgumentException(
                    "unknown value \"" + text + "\"" + Suggestion.among(words.keySet(), text));
        }
        return value;
    }

    public static Evidence evidence(String text) {
        return word(text, EVIDENCE);
    }

    /** Parses a SHA-256 digest in hex, in lower or upper case. */
    public static String sha256(String text) {
        String hex = Ascii.toLowerCase(text);
        if (!SHA256.matcher(hex).matches()) {
            throw new IllegalArgumentException(
                    "expected 64 hex digits, as sha256sum prints them, found \"" + text + "\"");
        }
        return hex;
    }

    /** Parses the uid of a Kubernetes pod. */
    public static UUID pod(String text) {
        if (!UID.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "expected a pod's uid such as 01234567-89ab-cdef-0123-456789abcdef, found \"" + text + "\"");
        }
        return UUID.fromString(text);
    }

    /** Returns a DNS name in lower case, without a trailing dot. */
    public static String destinationHost(String text) {
        String name = CharMatcher.is('.').trimTrailingFrom(Ascii.toLowerCase(text));
        if (!HOST_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "expected a host name such as example.com or *.example.com, found \"" + text + "\"");
        }
        return name;
    }

    static boolean flag(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("expected true or false, found \"" + text + "\"");
        };
    }

    private static String text(Duration duration) {
        return duration.toString().substring(2).toLowerCase(Locale.ROOT);
    }

    /** Returns why no hop, of any user, can create a socket at a path. */
    static Optional<String> ownSocketProblem(Path file) {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(file) && !isSpecial(file)) {
            return Optional.of("not a socket: " + file);
        }
        return ownFileProblem(file);
    }

    /** Returns why no hop, of any user, can create a file at a path. A hop creates missing directories. */
    static Optional<String> ownFileProblem(Path file) {
        if (Files.isDirectory(file)) {
            return Optional.of("a directory, expected a file: " + file);
        }
        Path folder = file.getParent();
        while (folder != null && Files.notExists(folder)) {
            folder = folder.getParent();
        }
        return folder == null || Files.isDirectory(folder)
                ? Optional.empty()
                : Optional.of("can't create its directory: " + folder + " is a file");
    }

    /** Returns why no hop can write its pid file at a path. It replaces a stale pid file, but no other file. */
    static Optional<String> pidFileProblem(Path file) {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(file) && !isPidFile(file)) {
            return Optional.of("not a pid file of a hop: " + file);
        }
        return ownFileProblem(file);
    }

    private static boolean isPidFile(Path file) {
        try {
            return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    && Files.size(file) < MAX_PID_FILE
                    && PID_FILE.matcher(Files.readString(file)).matches();
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isSpecial(Path file) {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).isOther();
        } catch (IOException e) {
            return false;
        }
    }

    /** Parses a DNS name and returns it in lower case. */
    static String dnsName(String text) {
        if (!InternetDomainName.isValid(text)) {
            throw new IllegalArgumentException(
                    "expected a host name such as hop-a.example.com, found \"" + text + "\"");
        }
        return text.toLowerCase(Locale.ROOT);
    }

    /** Returns why a path can't be a socket's; empty if it can. */
    static Optional<String> socketPathProblem(Path file) {
        return file.toString().getBytes(StandardCharsets.UTF_8).length >= MAX_SOCKET_PATH
                ? Optional.of("a socket path must be shorter than " + MAX_SOCKET_PATH + " bytes: " + file)
                : Optional.empty();
    }
}
