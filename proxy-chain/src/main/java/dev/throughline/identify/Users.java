package dev.throughline.identify;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The names of this host's users from passwd(5), read again when the file has changed. Users of a directory service have no
 * name here: querying one may take any time. Not thread-safe.
 */
public final class Users {
    private static final Path PASSWD = Path.of("/etc/passwd");
    private static final int MAX_NAME_BYTES = 256;

    private final Path passwd;
    private @Nullable FileVersion version;
    private Map<Integer, String> names = Map.of();

    Users(Path passwd) {
        this.passwd = passwd;
    }

    /** Returns the users of this host. */
    public static Users ofThisHost() {
        return new Users(PASSWD);
    }

    /** Returns the name of the user with this id; empty if it has none or the file can't be read. */
    public Optional<String> name(int uid) {
        try {
            FileVersion now = FileVersion.of(passwd);
            if (!now.equals(version)) {
                names = parse(Files.readAllBytes(passwd));
                version = now;
            }
            return Optional.ofNullable(names.get(uid));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Parses the file. If an id has several names, the first one counts, as for getpwuid(3). Malformed lines are skipped. */
    static Map<Integer, String> parse(byte[] passwd) {
        Map<Integer, String> names = new HashMap<>();
        for (String line : new String(passwd, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            String[] fields = line.split(":", -1);
            if (fields.length == 7 && !line.startsWith("#")) {
                EscapedText.of(fields[0].getBytes(StandardCharsets.ISO_8859_1), MAX_NAME_BYTES)
                        .ifPresent(name -> uid(fields[2]).ifPresent(uid -> names.putIfAbsent(uid, name)));
            }
        }
        return names;
    }

    private static Optional<Integer> uid(String field) {
        try {
            return Optional.of(Integer.parseUnsignedInt(field));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
