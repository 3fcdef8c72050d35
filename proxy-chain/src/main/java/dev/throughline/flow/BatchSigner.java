package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.Chain;
import dev.throughline.chain.Signer;
import dev.throughline.chain.UnsignedChain;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A signer for batches of chains. Each event loop collects the chains of its own flows, so that no flow changes threads. After
 * an idle moment it signs at the end of the pass in which the first chain came; under load it signs when the pace allows the
 * next signature. Chains that can't share a signature wait for a later one. This keeps event loops from blocking and delays a
 * chain by at most one signature for each tree size.
 */
public final class BatchSigner implements MeterBinder {
    /** Maximum number of chains for one signature. More would only make proofs longer. */
    private static final int LARGEST = 256;

    private final SigningPace pace;
    private final FastThreadLocal<Batch> batches = new FastThreadLocal<>();
    private final LongAdder signatures = new LongAdder();
    private final LongAdder chains = new LongAdder();

    /** Creates a signer that makes at most one signature each {@code interval} under load; if it is zero, one in each task. */
    public BatchSigner(Duration interval) {
        this.pace = new SigningPace(interval, System.nanoTime());
    }

    /** Returns how many signatures were made. */
    public long signatures() {
        return signatures.sum();
    }

    /** Returns how many chains were signed. */
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

    /** The receiver of a signed chain, on its loop. */
    public interface Listener {
        void signed(Chain chain);

        /** The chain can't be signed: for example, a device that holds the key doesn't answer. */
        void notSigned(Throwable why);
    }

    /** Signs {@code chain}. Must be called on {@code loop}. */
    public void sign(EventLoop loop, UnsignedChain chain, Listener listener) {
        Batch batch = batches.get();
        if (batch == null) {
            batch = new Batch(loop);
            batches.set(batch);
        }
        batch.add(new PendingChain(chain, listener));
    }

    private record PendingChain(UnsignedChain chain, Listener listener) {}

    /** Chains that wait on one event loop, on which everything happens. */
    private final class Batch {
        private final EventLoop loop;
        /** Queues of chains whose largest tree has 1, 2, 4 … leaves, in the order in which they came. */
        private final ImmutableList<Queue<PendingChain>> bySize;

        private final Runnable onTurn = this::onTurn;

        /** Index of the queue that is served next. */
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
            return Integer.SIZE - 1 - Integer.numberOfLeadingZeros(leaves);
        }

        void add(PendingChain added) {
            bySize.get(log2(Math.min(LARGEST, added.chain.largestTree()))).add(added);
            size++;
            if (!hasTurn) {
                awaitTurn();
            }
        }

        private void awaitTurn() {
            hasTurn = true;
            long now = System.nanoTime();
            long delay = pace.take(now) - now;
            if (delay > 0) {
                loop.schedule(onTurn, delay, TimeUnit.NANOSECONDS);
            } else {
                // At the end of this pass: chains that become ready in it share the signature.
                loop.execute(onTurn);
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
         * Removes and returns the chains of the next tree: the oldest of the next queue, as many as its tree can have, and if
         * these are fewer, chains of later queues. The next tree starts at a later queue, so that each chain is served.
         */
        private List<PendingChain> nextTree() {
            while (bySize.get(next).isEmpty()) {
                next = (next + 1) % bySize.size();
            }
            Signer signer = bySize.get(next).element().chain.signer();
            List<PendingChain> tree = new ArrayList<>();
            for (int queue = next; queue < bySize.size(); queue++) {
                Queue<PendingChain> waiting = bySize.get(queue);
                while (tree.size() < 1 << next && isBy(signer, waiting.peek())) {
                    tree.add(waiting.remove());
                }
            }
            size -= tree.size();
            // After an idle moment the smallest trees come first, since the others can join them.
            next = size == 0 ? 0 : (next + 1) % bySize.size();
            return tree;
        }

        /** Returns whether a chain has this signer: while keys change, some chains still have the previous one. */
        private static boolean isBy(Signer signer, @Nullable PendingChain one) {
            return one != null && one.chain.signer() == signer;
        }

        private void sign(List<PendingChain> tree) {
            List<UnsignedChain> unsigned = new ArrayList<>(tree.size());
            for (int i = 0; i < tree.size(); i++) {
                unsigned.add(tree.get(i).chain);
            }
            List<Chain> signed;
            try {
                signed = unsigned.getFirst().signer().sign(unsigned);
            } catch (RuntimeException | Error e) {
                tree.forEach(one -> one.listener.notSigned(e));
                return;
            }
            signatures.increment();
            chains.add(tree.size());
            for (int i = 0; i < tree.size(); i++) {
                tree.get(i).listener.signed(signed.get(i));
            }
        }
    }
}
