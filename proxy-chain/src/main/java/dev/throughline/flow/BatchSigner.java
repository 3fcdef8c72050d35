package dev.throughline.flow;

import dev.throughline.chain.Chain;
import dev.throughline.chain.Signer;
import dev.throughline.chain.UnsignedChain;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Signs chains in batches. Each event loop collects those of its own flows, so that no flow changes threads: after an idle
 * moment it signs at the end of the round in which the first one came, and under load when the hop's pace gives it the next
 * turn.
 */
public final class BatchSigner {
    /** A signature is divided by so many already that more would only make proofs longer. */
    private static final int LARGEST = 256;

    private final SigningPace pace;
    private final FastThreadLocal<Batch> batches = new FastThreadLocal<>();
    private final LongAdder signatures = new LongAdder();
    private final LongAdder chains = new LongAdder();

    /** At most one signature each {@code interval} under load; with none, one a round of an event loop. */
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

    /** Signs {@code chain}; called on {@code loop}, and answered there. */
    public CompletableFuture<Chain> sign(EventLoop loop, UnsignedChain chain) {
        Batch batch = batches.get();
        if (batch == null) {
            batch = new Batch(loop);
            batches.set(batch);
        }
        return batch.add(chain);
    }

    private record Waiting(UnsignedChain chain, CompletableFuture<Chain> answer) {}

    /** What waits on one event loop; all of it happens there. */
    private final class Batch {
        private final EventLoop loop;
        private List<Waiting> waiting = new ArrayList<>();
        private boolean hasTurn;

        Batch(EventLoop loop) {
            this.loop = loop;
        }

        CompletableFuture<Chain> add(UnsignedChain chain) {
            Waiting added = new Waiting(chain, new CompletableFuture<>());
            waiting.add(added);
            if (waiting.size() == LARGEST) {
                sign();
            } else if (!hasTurn) {
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
            return added.answer;
        }

        private void onTurn() {
            hasTurn = false;
            sign();
        }

        private void sign() {
            List<Waiting> batch = waiting;
            waiting = new ArrayList<>();
            int from = 0;
            for (int to = 1; to <= batch.size(); to++) {
                // While keys change, some chains were begun by the signer before.
                if (to == batch.size() || signer(batch, to) != signer(batch, from)) {
                    sign(signer(batch, from), batch.subList(from, to));
                    from = to;
                }
            }
        }

        private static Signer signer(List<Waiting> batch, int index) {
            return batch.get(index).chain.signer();
        }

        private void sign(Signer signer, List<Waiting> batch) {
            List<Chain> signed;
            try {
                signed = signer.sign(batch.stream().map(Waiting::chain).toList());
            } catch (RuntimeException | Error e) {
                // Such as a device that holds the key and doesn't answer: every flow ends, whatever it was, and none
                // waits.
                batch.forEach(one -> one.answer.completeExceptionally(e));
                return;
            }
            // One a tree: headers with little room have smaller trees of their own.
            signatures.add(signed.stream()
                    .filter(chain -> chain.links().getLast().proof().leafIndex() == 0)
                    .count());
            chains.add(batch.size());
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).answer.complete(signed.get(i));
            }
        }
    }
}
