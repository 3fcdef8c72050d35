package dev.throughline.cli;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.Opening;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A file with openings of closed details in any text, such as the flow log of the hop that closed them. */
final class OpeningsFile {
    private static final Pattern OPENING = Pattern.compile("THROUGHLINE-OPENING-\\d+\\+[^\\s\"]*");

    private OpeningsFile() {}

    /** Returns all openings in {@code file}; fails if there is none. */
    static ImmutableList<Opening> read(Path file) {
        ImmutableList.Builder<Opening> openings = ImmutableList.builder();
        List<String> lines;
        try {
            lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (IOException e) {
            throw CommandFailure.unreadable(file, e);
        }
        for (int i = 0; i < lines.size(); i++) {
            for (MatchResult found : OPENING.matcher(lines.get(i)).results().toList()) {
                try {
                    openings.add(Opening.parse(found.group()));
                } catch (IllegalArgumentException e) {
                    throw new CommandFailure(
                            ExitCode.FAILURE, file + ":" + (i + 1) + ":" + (found.start() + 1) + ": " + e.getMessage());
                }
            }
        }
        ImmutableList<Opening> all = openings.build();
        if (all.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    file
                            + ": no opening in this file: expected a text that begins with THROUGHLINE-OPENING-1, as in the flow log"
                            + " (closed_details) of the hop that closed the detail");
        }
        return all;
    }
}
