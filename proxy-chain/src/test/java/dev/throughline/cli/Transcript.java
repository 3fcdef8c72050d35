package dev.throughline.cli;

import com.google.common.base.Splitter;
import com.google.common.util.concurrent.Futures;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text with commands and their output. Each command starts with {@code $}, its output ends with {@code exit N}; a
 * line of standard error starts with {@code !}; other text between commands is prose. Files follow at the end, each
 * after a line {@code -- NAME --}. They exist in the directory {@code ./} from the start, readable by their owner only.
 *
 * <p>An expected line {@code ...} matches any lines. A name in angle brackets is a variable: its first occurrence
 * matches any text, later occurrences, also in commands and files, have that text.
 */
final class Transcript {
    private static final Map<String, String> PLACEHOLDERS = Map.of(
            "KEY", "[A-Za-z0-9._-]+\\+[0-9a-f]{16}\\+[A-Za-z0-9+/=]{44}(?:[A-Za-z0-9+/=]{4})?",
            "ID", "[0-9a-f]{16}",
            "TIME", "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z",
            "SHA256", "SHA256:[A-Za-z0-9+/]{43}",
            "PORT", "[0-9]{1,5}",
            "STATUS", "[0-9]",
            "JAVA", "[0-9]+",
            "SYSTEM", "[A-Za-z]+ [a-z0-9_]+",
            "ANY", ".*");
    private static final Pattern PLACEHOLDER = Pattern.compile("<([A-Z0-9]+)(-[A-Z0-9]+)?>");
    private static final Pattern FILE = Pattern.compile("-- (\\S+) --");

    private final Path folder;
    private final Map<String, String> known = new HashMap<>();

    /** Creates a transcript whose commands run with {@code folder} as {@code ./}. */
    Transcript(Path folder) {
        this.folder = folder;
    }

    /** Defines a variable before the first command. */
    void set(String placeholder, String value) {
        known.put(placeholder, value);
    }

    /** The expected and the actual output of one command. */
    record Answer(String command, String expected, String actual) {}

    /** Runs every command of {@code text}; for matching output, the expected text equals the actual text. */
    List<Answer> play(String text) throws IOException {
        List<String> lines = Splitter.on('\n').splitToList(text);
        int files = 0;
        while (files < lines.size() && !FILE.matcher(lines.get(files)).matches()) {
            files++;
        }
        writeFiles(lines.subList(files, lines.size()));
        List<Answer> answers = new ArrayList<>();
        for (int at = 0; at < files; at++) {
            if (lines.get(at).startsWith("$ ")) {
                String command = lines.get(at);
                StringBuilder expected = new StringBuilder();
                do {
                    at++;
                    expected.append(lines.get(at)).append('\n');
                } while (!lines.get(at).startsWith("exit "));
                answers.add(answer(command, expected.toString()));
            }
        }
        return answers;
    }

    private Answer answer(String command, String expected) throws IOException {
        String actual = run(words(filled(command.substring(2))));
        Matcher matcher = Pattern.compile(pattern(expected)).matcher(actual);
        if (!matcher.matches()) {
            return new Answer(command, filled(expected), actual);
        }
        matcher.namedGroups().forEach((name, group) -> known.put(name.replace('x', '-'), matcher.group(group)));
        return new Answer(command, actual, actual);
    }

    private String run(List<String> words) throws IOException {
        List<String> arguments = new ArrayList<>(words.subList(1, words.size()));
        return switch (words.getFirst()) {
            case "throughline" -> throughline(arguments);
            case "cat" -> Files.readString(Path.of(arguments.getFirst())) + "exit 0\n";
            case "chmod" -> {
                Files.setPosixFilePermissions(
                        Path.of(arguments.get(1)), PosixFilePermissions.fromString(arguments.getFirst()));
                yield "exit 0\n";
            }
            default -> throw new IllegalArgumentException("a transcript has no program " + words.getFirst());
        };
    }

    private String throughline(List<String> arguments) throws IOException {
        InputStream in = InputStream.nullInputStream();
        int redirection = arguments.indexOf("<");
        if (redirection >= 0) {
            in = new ByteArrayInputStream(Files.readAllBytes(Path.of(arguments.get(redirection + 1))));
            arguments.subList(redirection, redirection + 2).clear();
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        InputStream realIn = System.in;
        PrintStream realOut = System.out;
        PrintStream realErr = System.err;
        int status;
        try {
            System.setIn(in);
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            // On a separate thread, so that capabilities that the command drops remain for later tests.
            FutureTask<Integer> command = new FutureTask<>(() -> Cli.execute(arguments.toArray(String[]::new)));
            Thread.ofPlatform().start(command);
            status = Futures.getUnchecked(command);
        } finally {
            System.setIn(realIn);
            System.setOut(realOut);
            System.setErr(realErr);
        }
        return shown(out, "") + shown(err, "! ") + "exit " + status + "\n";
    }

    private String shown(ByteArrayOutputStream stream, String prefix) {
        StringBuilder text = new StringBuilder();
        stream.toString(StandardCharsets.UTF_8)
                .replace(folder + "/", "./")
                .replace("../deploy/", "deploy/")
                .lines()
                .forEach(line -> text.append((prefix + line).stripTrailing()).append('\n'));
        return text.toString();
    }

    /** Returns the words of a command; {@code './'} begins a path in the folder, {@code deploy/} one in the repository. */
    private List<String> words(String command) {
        List<String> words = new ArrayList<>();
        Matcher word = Pattern.compile("'([^']*)'|(\\S+)").matcher(command);
        while (word.find()) {
            words.add(
                    word.group(1) != null
                            ? word.group(1)
                            : word.group(2)
                                    .replaceFirst("^((?:--[a-z-]+=)?)\\./", "$1" + folder + "/")
                                    .replaceFirst("^deploy/", "../deploy/"));
        }
        return words;
    }

    private void writeFiles(List<String> lines) throws IOException {
        for (int at = 0; at < lines.size(); ) {
            Matcher name = FILE.matcher(lines.get(at));
            if (!name.matches()) {
                throw new IllegalArgumentException("expected -- NAME --, found " + lines.get(at));
            }
            StringBuilder content = new StringBuilder();
            for (at++; at < lines.size() && !FILE.matcher(lines.get(at)).matches(); at++) {
                content.append(lines.get(at)).append('\n');
            }
            Path file = folder.resolve(name.group(1));
            Files.writeString(file, filled(content.toString()).strip() + "\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
    }

    private String filled(String text) {
        return PLACEHOLDER.matcher(text).replaceAll(found -> {
            String value = known.get(name(found.group(1), found.group(2)));
            return Matcher.quoteReplacement(value == null ? found.group() : value);
        });
    }

    private String pattern(String expected) {
        StringBuilder pattern = new StringBuilder();
        List<String> taken = new ArrayList<>();
        for (String line : Splitter.on('\n').splitToList(expected.substring(0, expected.length() - 1))) {
            if (line.equals("...")) {
                pattern.append("(?:.*\n)*?");
                continue;
            }
            Matcher found = PLACEHOLDER.matcher(line);
            int at = 0;
            while (found.find()) {
                pattern.append(Pattern.quote(line.substring(at, found.start())))
                        .append(placeholder(found.group(1), found.group(2), taken));
                at = found.end();
            }
            pattern.append(Pattern.quote(line.substring(at))).append('\n');
        }
        return pattern.toString();
    }

    private String placeholder(String kind, String suffix, List<String> taken) {
        String name = name(kind, suffix);
        String group = name.replace('-', 'x');
        if (known.containsKey(name)) {
            return Pattern.quote(known.get(name));
        }
        String form = PLACEHOLDERS.get(kind);
        if (form == null) {
            return Pattern.quote("<" + name + ">");
        }
        if (kind.equals("ANY")) {
            return form;
        }
        if (taken.contains(group)) {
            return "\\k<" + group + ">";
        }
        taken.add(group);
        return "(?<" + group + ">" + form + ")";
    }

    private static String name(String kind, String suffix) {
        return suffix == null ? kind : kind + suffix;
    }
}
