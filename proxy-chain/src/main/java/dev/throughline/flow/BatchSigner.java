package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import com.google.common.math.IntMath;
import dev.throughline.chain.Chain;
import dev.throughline.chain.Signer;
import dev.throughline.chain.UnsignedChain;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Signs chains in batches. Each event loop collects those of its own flows, so that no flow changes threads: after an idle
 * moment it signs at the end of the round in which the first one came, and under load when the hop's pace gives it the next
 * turn. A turn is one signature, whatever waits: chains that can't share it wait for turns of their own, so no event loop
 * is held up by many of them, and they hold up no others by more than a turn for each size of trees.
 */
public final class BatchSigner implements MeterBinder {
    /** More chains for a signature would only make proofs longer. */
    private static final int LARGEST = 256;

    private final SigningPace pace;
    private final FastThreadLocal<Batch> batches = new FastThreadLocal<>();
    private final LongAdder signatures = new LongAdder();
    private final LongAdder chains = new LongAdder();

    /** At most one signature each {@code interval} under load; with none, one a task of an event loop. */
    public BatchSigner(Duration interval) {
        this.pace = new SigningPace(interval, System.nanoTime());
    }

    /** How many signatures were made. */
    public long signatures() {
        return signatures.sum();
    }

    /** How many chains they served. */
    public long chains() {
        return chains.sum();
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.signatures", this, BatchSigner::signatures)
                .description("Signatures made")
                .register(registry);
        FunctionCounter.builder("throughline.chains.signed", this, BatchSigner::chains)
                .description("Links signed; one signature may serve many")
                .register(registry);
    }

    /** Signs {@code chain}; called on {@code loop}, and answered there. */
    public CompletableFuture<Chain> sign(EventLoop loop, UnsignedChain chain) {
        Batch batch = batches.get();
        if (batch == null) {
            batch = new Batch(loop);
            batches.set(batch);
        }
        return batch.add(chain);
    }

    private record PendingChain(UnsignedChain chain, CompletableFuture<Chain> answer) {}

    /** What waits on one event loop; all of it happens there. */
    private final class Batch {
        private final EventLoop loop;
        /** Those that fit a tree of 1, of 2, of 4 … leaves and no larger one, each in the order in which they came. */
        private final ImmutableList<Queue<PendingChain>> bySize;

        /** Which of them is served next, if any waits there. */
        private int next;

        private int size;
        private boolean hasTurn;

        Batch(EventLoop loop) {
            this.loop = loop;
            this.bySize = Stream.<Queue<PendingChain>>generate(ArrayDeque::new)
                    .limit(log2(LARGEST) + 1)
                    .collect(ImmutableList.toImmutableList());
        }

        private static int log2(int leaves) {
            return IntMath.log2(leaves, RoundingMode.FLOOR);
        }

        CompletableFuture<Chain> add(UnsignedChain chain) {
            PendingChain added = new PendingChain(chain, new CompletableFuture<>());
            bySize.get(log2(Math.min(LARGEST, chain.largestTree()))).add(added);
            size++;
            if (!hasTurn) {
                awaitTurn();
            }
            return added.answer;
        }

        private void awaitTurn() {
            hasTurn = true;
            long now = System.nanoTime();
            long delay = pace.take(now) - now;
            if (delay > 0) {
                loop.schedule(this::onTurn, delay, TimeUnit.NANOSECONDS);
            } else {
                // At the end of this round: what else has become ready in it shares the signature.
                loop.execute(this::onTurn);
            }
        }

        private void onTurn() {
            List<PendingChain> tree = nextTree();
            hasTurn = false;
            if (size > 0) {
                awaitTurn();
            }
            sign(tree);
        }

        /**
         * Those that have waited longest where it is next, as many as a tree of theirs can have; and if there are fewer,
         * others that fit a larger one. The next tree begins further on, so that nobody waits for ever.
         */
        private List<PendingChain> nextTree() {
            while (bySize.get(next).isEmpty()) {
                next = (next + 1) % bySize.size();
            }
            Signer signer = bySize.get(next).element().chain.signer();
            List<PendingChain> tree = new ArrayList<>();
            for (Queue<PendingChain> waiting : bySize.subList(next, bySize.size())) {
                while (tree.size() < 1 << next && isBy(signer, waiting.peek())) {
                    tree.add(waiting.remove());
                }
            }
            size -= tree.size();
            // After an idle moment the smallest trees come first, since the others can join them.
            next = size == 0 ? 0 : (next + 1) % bySize.size();
            return tree;
        }

        /** While keys change, some chains were begun by the signer before. */
        private static boolean isBy(Signer signer, @Nullable PendingChain one) {
            return one != null && one.chain.signer() == signer;
        }

        private void sign(List<PendingChain> tree) {
            List<Chain> signed;
            try {
                signed = tree.getFirst()
                        .chain
                        .signer()
                        .sign(tree.stream().map(PendingChain::chain).toList());
            } catch (RuntimeException | Error e) {
                // Such as a device that holds the key and doesn't answer: every flow ends, whatever it was, and none
                // waits.
                tree.forEach(one -> one.answer.completeExceptionally(e));
                return;
            }
            signatures.increment();
            chains.add(tree.size());
            for (int i = 0; i < tree.size(); i++) {
                tree.get(i).answer.complete(signed.get(i));
            }
        }
    }
}
