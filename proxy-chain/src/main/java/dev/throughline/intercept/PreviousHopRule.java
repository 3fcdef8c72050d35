package dev.throughline.intercept;

import dev.throughline.config.ListenerConfig.Previous;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.flow.ListenerProfile;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.ProcessId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The second check of an intercepting chain listener. nft delivered a connection because of its mark or user; the
 * kernel's socket lookup must confirm that the previous hop owns it. This refuses applications that a wrong rule lets
 * through, and connections that the kernel doesn't know.
 */
final class PreviousHopRule implements ListenerProfile.OwnerRule {
    private final Previous previous;

    PreviousHopRule(Previous previous) {
        this.previous = previous;
    }

    @Override
    public Optional<FlowRejectedException> objection(SocketIdentity owner) {
        if (owner.uid().isEmpty()) {
            return unknown("the kernel found no socket: " + owner.identity().evidence());
        }
        if (!agrees(previous.uid(), owner.uid())) {
            return mismatch("user " + owner.uid().getAsInt() + ", expected "
                    + previous.uid().getAsInt());
        }
        if (previous.mark().isPresent() && owner.mark().isEmpty()) {
            return unknown("the kernel doesn't report marks: is CAP_NET_ADMIN missing?");
        }
        if (!agrees(previous.mark(), owner.mark())) {
            return mismatch("mark 0x%x, expected 0x%x"
                    .formatted(owner.mark().getAsInt(), previous.mark().getAsInt()));
        }
        return previous.pidFile().flatMap(file -> processObjection(file, owner));
    }

    private Optional<FlowRejectedException> processObjection(Path file, SocketIdentity owner) {
        Optional<ProcessId> holder = owner.identity().process();
        if (holder.isEmpty()) {
            return unknown("found no process that holds it: " + owner.identity().evidence());
        }
        Optional<ProcessId> expected = read(file);
        if (expected.isEmpty()) {
            return unknown("can't read the process of hop " + previous.hop() + " from " + file);
        }
        return holder.equals(expected)
                ? Optional.empty()
                : mismatch("process " + holder.get().pid() + ", hop " + previous.hop() + " is "
                        + expected.get().pid());
    }

    /** Parses a hop's pid file: the pid and the start time in clock ticks, separated by a space. */
    static Optional<ProcessId> read(Path file) {
        try {
            List<String> words = com.google.common.base.Splitter.on(' ')
                    .splitToList(Files.readString(file).strip());
            return words.size() != 2
                    ? Optional.empty()
                    : Optional.of(new ProcessId(Integer.parseInt(words.get(0)), Long.parseLong(words.get(1))));
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static boolean agrees(OptionalInt expected, OptionalInt found) {
        return expected.isEmpty() || expected.equals(found);
    }

    private static Optional<FlowRejectedException> unknown(String detail) {
        return Optional.of(new FlowRejectedException(CloseReason.OWNER_UNKNOWN, detail));
    }

    private static Optional<FlowRejectedException> mismatch(String detail) {
        return Optional.of(new FlowRejectedException(CloseReason.OWNER_MISMATCH, detail));
    }
}
