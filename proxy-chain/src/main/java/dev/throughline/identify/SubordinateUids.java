package dev.throughline.identify;

import com.google.common.collect.ImmutableRangeMap;
import com.google.common.collect.Range;
import com.google.common.collect.RangeMap;
import com.google.common.collect.TreeRangeMap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The users of this host who have subordinate user ids, for user namespaces (subuid(5), newuidmap(1)). A user with a range of
 * ids can run a process under each of them. The file is checked at most once a second. Thread-safe.
 */
public final class SubordinateUids {
    private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long ALL_IDS = 1L << 32;

    /**
     * The content of the files, and their versions.
     *
     * @param lowest no lower id has an owner; most users' ids are lower, and a search costs more
     */
    private record Snapshot(
            Optional<FileVersion> subuid, Optional<FileVersion> passwd, RangeMap<Long, Long> owners, long lowest) {
        static final Snapshot NOTHING =
                new Snapshot(Optional.empty(), Optional.empty(), ImmutableRangeMap.of(), ALL_IDS);

        static Snapshot of(Optional<FileVersion> subuid, Optional<FileVersion> passwd, RangeMap<Long, Long> owners) {
            Map<Range<Long>, Long> ranges = owners.asMapOfRanges();
            return new Snapshot(
                    subuid,
                    passwd,
                    owners,
                    ranges.isEmpty() ? ALL_IDS : owners.span().lowerEndpoint());
        }
    }

    private final Path subuid;
    private final Path passwd;
    private final LongSupplier nanoTime;
    private volatile Snapshot known = Snapshot.NOTHING;
    private volatile long lookedAt;

    SubordinateUids(Path subuid, Path passwd, LongSupplier nanoTime) {
        this.subuid = subuid;
        this.passwd = passwd;
        this.nanoTime = nanoTime;
        this.lookedAt = nanoTime.getAsLong() - REST_NANOS;
    }

    /** Returns the table of this host. */
    public static SubordinateUids ofThisHost() {
        return new SubordinateUids(Path.of("/etc/subuid"), Path.of("/etc/passwd"), System::nanoTime);
    }

    /** Returns the user who has {@code uid} as a subordinate id; otherwise {@code uid}. */
    public long owner(long uid) {
        long now = nanoTime.getAsLong();
        if (now - lookedAt >= REST_NANOS) {
            lookedAt = now;
            read();
        }
        Snapshot current = known;
        if (uid < current.lowest) {
            return uid;
        }
        Long owner = current.owners.get(uid);
        return owner == null ? uid : owner;
    }

    private void read() {
        Snapshot before = known;
        Optional<FileVersion> ranges = version(subuid);
        Optional<FileVersion> names = version(passwd);
        if (before.subuid.equals(ranges) && before.passwd.equals(names)) {
            return;
        }
        try {
            known = Snapshot.of(
                    ranges,
                    names,
                    ranges.isEmpty()
                            ? ImmutableRangeMap.of()
                            : parse(
                                    Files.readAllBytes(subuid),
                                    names.isEmpty() ? new byte[0] : Files.readAllBytes(passwd)));
        } catch (IOException e) {
            known = Snapshot.NOTHING;
        }
    }

    private static Optional<FileVersion> version(Path file) {
        try {
            return Optional.of(FileVersion.of(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Parses the files. Malformed lines are skipped. If two lines have the same id, the first one counts. */
    static RangeMap<Long, Long> parse(byte[] subuid, byte[] passwd) {
        Map<String, Long> ids = new HashMap<>();
        Users.parse(passwd).forEach((id, name) -> ids.put(name, Integer.toUnsignedLong(id)));
        RangeMap<Long, Long> owners = TreeRangeMap.create();
        for (String line : new String(subuid, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            String[] fields = line.split(":", -1);
            if (fields.length != 3 || line.startsWith("#")) {
                continue;
            }
            Long owner = ids.containsKey(fields[0])
                    ? ids.get(fields[0])
                    : number(fields[0]).orElse(null);
            Optional<Long> start = number(fields[1]);
            Optional<Long> count = number(fields[2]);
            if (owner != null && start.isPresent() && count.isPresent()) {
                Range<Long> range = Range.closedOpen(start.get(), Math.min(ALL_IDS, start.get() + count.get()));
                RangeMap<Long, Long> earlier = TreeRangeMap.create();
                earlier.putAll(owners.subRangeMap(range));
                owners.put(range, owner);
                owners.putAll(earlier);
            }
        }
        return owners;
    }

    private static Optional<Long> number(String text) {
        try {
            return Optional.of(Long.parseLong(text)).filter(number -> number >= 0 && number < ALL_IDS);
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
