package dev.throughline.tests;

import dev.throughline.tests.TortureScene.OpenFlow;
import dev.throughline.tests.TortureScene.Side;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What both ends of a flow do, step by step, made from a seed. Each step ends when the other end has seen it, so that what both ends see
 * is determined by the script and not by time: over a connection without hops it is the same as through hops.
 *
 * @param cutBy the side that resets the flow, or closes it while the other side still sends
 */
record TortureScript(long seed, List<Step> steps, Optional<Side> cutBy) {
    private static final int MOST_EXCHANGES = 6;
    private static final int LARGEST_EXCHANGE = 200_000;
    private static final int LARGEST_CHUNK = 20_000;

    sealed interface Step {
        /** Both sides send at once; 0 bytes are none. */
        record Exchange(int byApplication, int byDestination) implements Step {}

        record Finish(Side by) implements Step {}

        record Reset(Side by) implements Step {}

        /** The side closes both directions, and the other side then sends until it fails. */
        record CloseWhileOtherSends(Side by) implements Step {}
    }

    /** The events that each end observed, in order. Bytes between two others are one event. */
    record Observed(List<String> byApplication, List<String> byDestination) {}

    /** With {@code cuts}, some scripts end with a reset. */
    static TortureScript of(long seed, boolean cuts) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Step> steps = new ArrayList<>();
        Optional<Side> cutBy = Optional.empty();
        boolean applicationSends = true;
        boolean destinationSends = true;
        int exchanges = random.nextInt(MOST_EXCHANGES + 1);
        while (applicationSends || destinationSends) {
            Side side = random.nextBoolean() ? Side.APPLICATION : Side.DESTINATION;
            boolean sends = side == Side.APPLICATION ? applicationSends : destinationSends;
            boolean otherSends = side == Side.APPLICATION ? destinationSends : applicationSends;
            if (exchanges > 0 && random.nextInt(4) > 0) {
                exchanges--;
                steps.add(new Step.Exchange(applicationSends ? size(random) : 0, destinationSends ? size(random) : 0));
            } else if (cuts && random.nextInt(6) == 0) {
                steps.add(
                        sends && otherSends && random.nextBoolean()
                                ? new Step.CloseWhileOtherSends(side)
                                : new Step.Reset(side));
                cutBy = Optional.of(side);
                break;
            } else if (sends) {
                steps.add(new Step.Finish(side));
                applicationSends &= side != Side.APPLICATION;
                destinationSends &= side != Side.DESTINATION;
            }
        }
        return new TortureScript(seed, List.copyOf(steps), cutBy);
    }

    /** Sizes of all magnitudes are equally likely. */
    private static int size(SplittableRandom random) {
        return (int) Math.pow(LARGEST_EXCHANGE, random.nextDouble());
    }

    /** Returns the close reason of a flow with this script. */
    String closeReason() {
        return cutBy.map(Side::resetReason).orElse("completed");
    }

    /** Plays this script on a new flow, and closes it. */
    Observed play(OpenFlow flow) throws Exception {
        try (flow) {
            Map<Side, Observer> observers = new EnumMap<>(Side.class);
            for (Side side : Side.values()) {
                observers.put(side, new Observer(flow.end(side)));
            }
            SplittableRandom random = new SplittableRandom(seed);
            for (Step step : steps) {
                switch (step) {
                    case Step.Exchange exchange -> {
                        CompletableFuture<Void> all = CompletableFuture.allOf(
                                send(flow.application(), exchange.byApplication(), random.split()),
                                send(flow.destination(), exchange.byDestination(), random.split()),
                                receive(observers.get(Side.DESTINATION), exchange.byApplication(), random.split()),
                                receive(observers.get(Side.APPLICATION), exchange.byDestination(), random.split()));
                        all.get(30, TimeUnit.SECONDS);
                    }
                    case Step.Finish finish -> {
                        flow.end(finish.by()).finish();
                        observers.get(finish.by().other()).awaitEnd();
                    }
                    case Step.Reset reset -> {
                        flow.end(reset.by()).reset();
                        observers.get(reset.by().other()).awaitCut();
                    }
                    case Step.CloseWhileOtherSends close -> {
                        flow.end(close.by()).close();
                        observers.get(close.by().other()).awaitEnd().awaitCut();
                    }
                }
            }
            return new Observed(
                    observers.get(Side.APPLICATION).events(),
                    observers.get(Side.DESTINATION).events());
        }
    }

    /** Sends bytes in chunks of random sizes. */
    private static CompletableFuture<Void> send(FlowEnd end, int count, SplittableRandom random) {
        return Payload.background(() -> {
            byte[] bytes = new byte[count];
            random.nextBytes(bytes);
            for (int sent = 0; sent < count; ) {
                int length = Math.min(count - sent, random.nextInt(1, LARGEST_CHUNK));
                end.output().write(bytes, sent, length);
                sent += length;
            }
        });
    }

    /** Receives bytes in pieces of random sizes. */
    private static CompletableFuture<Void> receive(Observer observer, int count, SplittableRandom random) {
        return Payload.background(() -> observer.receive(count, random));
    }

    /** What one end sees. */
    private static final class Observer {
        private final FlowEnd end;
        private final List<String> events = new ArrayList<>();
        private final MessageDigest digest = Payload.digest();
        private long bytes;
        private boolean ended;

        Observer(FlowEnd end) {
            this.end = end;
        }

        private void receive(int count, SplittableRandom random) {
            byte[] buffer = new byte[LARGEST_CHUNK];
            int left = count;
            while (left > 0 && !ended) {
                left -= read(buffer, Math.min(left, random.nextInt(1, LARGEST_CHUNK)));
            }
        }

        private int read(byte[] buffer, int most) {
            try {
                InputStream in = end.input();
                int count = in.read(buffer, 0, most);
                if (count >= 0) {
                    digest.update(buffer, 0, count);
                    bytes += count;
                    return count;
                }
                ended("end");
            } catch (IOException e) {
                ended("reset");
            }
            return 0;
        }

        private void ended(String how) {
            ended = true;
            addBytes();
            events.add(how);
        }

        private void addBytes() {
            if (bytes > 0) {
                events.add(bytes + " bytes " + HexFormat.of().formatHex(digest.digest()));
                bytes = 0;
            }
        }

        Observer awaitEnd() {
            byte[] buffer = new byte[1];
            while (!ended) {
                read(buffer, 1);
            }
            return this;
        }

        /** Waits for a reset, which after an end shows to a writer only. */
        void awaitCut() {
            if (ended) {
                end.awaitWriteFailure();
                events.add("write failed");
            } else {
                awaitEnd();
            }
        }

        List<String> events() {
            addBytes();
            return events;
        }
    }
}
