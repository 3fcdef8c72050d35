package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.chain.Chain;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.chain.LinkDraft;
import dev.throughline.chain.Signer;
import dev.throughline.chain.UnsignedChain;
import dev.throughline.header.Tuple;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.PublicKey;
import dev.throughline.key.SigningKey;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import io.netty.channel.DefaultEventLoop;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class BatchSignerTest {
    private static final Instant NOW = Instant.parse("2027-01-01T12:00:00Z");
    private static final Duration NEVER_AGAIN = Duration.ofDays(1);

    private final DefaultEventLoop loop = new DefaultEventLoop();
    private final Signer signer = signer("hop-a");
    private final BlockingQueue<Integer> answered = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static Signer signer(String hop) {
        try {
            return new Signer(PrivateKey.generate(hop, new SecureRandom()), new SecureRandom());
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static UnsignedChain chain(Signer by, int number) {
        Tuple flow =
                Tuple.tcp(new InetSocketAddress("192.0.2.1", 1024 + number), new InetSocketAddress("192.0.2.2", 443));
        Originator who = new Originator(
                HostId.of("edge-1"),
                new FlowId(1, number),
                NOW,
                flow,
                InterceptionMethod.SOCKET,
                ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX));
        return by.originate(
                who,
                new LinkDraft(
                        HopId.of("hop-b"),
                        NOW,
                        Duration.ofSeconds(10),
                        InterceptionMethod.SOCKET,
                        InterceptionMethod.SOCKET,
                        Optional.of(flow.source()),
                        flow));
    }

    private CompletableFuture<Chain> sign(BatchSigner batches, UnsignedChain chain) {
        CompletableFuture<Chain> answer = new CompletableFuture<>();
        batches.sign(loop, chain, new BatchSigner.Listener() {
            @Override
            public void signed(Chain signed) {
                answer.complete(signed);
            }

            @Override
            public void notSigned(Throwable why) {
                answer.completeExceptionally(why);
            }
        });
        return answer;
    }

    /** Hands over {@code count} chains in one round of the event loop. */
    private List<CompletableFuture<Chain>> sign(BatchSigner batches, Signer by, int count) {
        return loop.submit(() -> {
                    List<CompletableFuture<Chain>> answers = new ArrayList<>();
                    for (int i = 0; i < count; i++) {
                        answers.add(sign(batches, chain(by, i)));
                    }
                    return answers;
                })
                .syncUninterruptibly()
                .getNow();
    }

    /** Waits with a timeout, for an answer that may never arrive. */
    private static Chain signed(CompletableFuture<Chain> answer) {
        return answer.orTimeout(10, TimeUnit.SECONDS).join();
    }

    private static int treeSize(CompletableFuture<Chain> answer) {
        return signed(answer).links().getLast().proof().treeSize();
    }

    @Test
    void afterAnIdleMomentAChainIsSignedAtOnce() {
        BatchSigner batches = new BatchSigner(NEVER_AGAIN);
        assertThat(treeSize(sign(batches, signer, 1).getFirst())).isEqualTo(1);
    }

    @Test
    void chainsOfOneRoundShareASignature() {
        BatchSigner batches = new BatchSigner(NEVER_AGAIN);
        List<CompletableFuture<Chain>> answers = sign(batches, signer, 50);
        assertThat(answers).allSatisfy(answer -> assertThat(treeSize(answer)).isEqualTo(50));
        assertThat(answers)
                .extracting(answer -> signed(answer).links().getLast().proof().leafIndex())
                .doesNotHaveDuplicates();
        assertThat(batches.signatures()).isEqualTo(1);
        assertThat(batches.chains()).isEqualTo(50);
    }

    /** The next round is a day away. */
    @Test
    void thePaceMakesLaterOnesWaitHoweverManyTheyAre() {
        BatchSigner batches = new BatchSigner(NEVER_AGAIN);
        signed(sign(batches, signer, 1).getFirst());
        assertThat(sign(batches, signer, 3)).noneMatch(CompletableFuture::isDone);
        assertThat(sign(batches, signer, 300)).noneMatch(CompletableFuture::isDone);
        assertThat(batches.signatures()).isEqualTo(1);
    }

    @Test
    void waitingChainsAreSignedInTheNextRound() {
        BatchSigner batches = new BatchSigner(Duration.ofMillis(50));
        signed(sign(batches, signer, 1).getFirst());
        sign(batches, signer, 3).forEach(BatchSignerTest::signed);
        assertThat(batches.chains()).isEqualTo(4);
    }

    /** Alone the header has 232 bytes, and a sibling 32. */
    private UnsignedChain chainWithRoom(int number, int siblings) {
        HeaderProfile profile = new HeaderProfile(256 + 32 * siblings, HeaderProfile.NORMAL.keptBack());
        return ((UnsignedChain.Fit.Fits) chain(signer, number).fit(profile)).chain();
    }

    @Test
    void aTurnIsOneTreeAndTheRestWaitsForTheNext() {
        BatchSigner batches = new BatchSigner(NEVER_AGAIN);
        List<CompletableFuture<Chain>> answers = sign(batches, signer, 300);
        assertThat(answers.subList(0, 256))
                .allSatisfy(answer -> assertThat(treeSize(answer)).isEqualTo(256));
        assertThat(answers.subList(256, 300)).noneMatch(CompletableFuture::isDone);
    }

    /** Headers without space for a path need a signature each: a flood of them must not block the event loop. */
    @Test
    void aTurnIsOneSignatureAlsoForThoseThatMustBeSignedAlone() {
        BatchSigner batches = new BatchSigner(NEVER_AGAIN);
        List<CompletableFuture<Chain>> answers = signTogether(batches, 0, 0, 0, 0, 0);
        assertThat(treeSize(answers.getFirst())).isEqualTo(1);
        loop.submit(() -> {}).syncUninterruptibly();
        assertThat(answers.subList(1, 5)).noneMatch(CompletableFuture::isDone);
        assertThat(batches.signatures()).isEqualTo(1);
    }

    /** Even with a pace of zero, the event loop does other work between two rounds. */
    @Test
    void withoutAPaceEachTreeIsATaskOfItsOwn() {
        BatchSigner batches = new BatchSigner(Duration.ZERO);
        List<Long> seen = new ArrayList<>();
        loop.submit(() -> {
                    for (int i = 0; i < 3; i++) {
                        sign(batches, chainWithRoom(i, 0));
                    }
                    loop.execute(new Runnable() {
                        @Override
                        public void run() {
                            seen.add(batches.signatures());
                            if (seen.size() < 4) {
                                loop.execute(this);
                            }
                        }
                    });
                })
                .syncUninterruptibly();
        for (int i = 0; i < 4; i++) {
            loop.submit(() -> {}).syncUninterruptibly();
        }
        assertThat(seen).containsExactly(1L, 2L, 3L, 3L);
    }

    /**
     * Hands over chains with space for the numbers of siblings in {@code rooms}, in one round of the event loop, and records in
     * {@link #answered} the order of the answers.
     */
    private List<CompletableFuture<Chain>> signTogether(BatchSigner batches, int... rooms) {
        return loop.submit(() -> {
                    List<CompletableFuture<Chain>> answers = new ArrayList<>();
                    for (int i = 0; i < rooms.length; i++) {
                        int number = i;
                        answers.add(sign(batches, chainWithRoom(i, rooms[i])));
                        answers.getLast().thenRun(() -> answered.add(number));
                    }
                    return answers;
                })
                .syncUninterruptibly()
                .getNow();
    }

    /** Returns the order in which chains with these spaces are answered if they arrive together. */
    private List<Integer> order(int... rooms) throws InterruptedException {
        signTogether(new BatchSigner(Duration.ZERO), rooms);
        List<Integer> order = new ArrayList<>();
        while (order.size() < rooms.length) {
            order.add(Objects.requireNonNull(answered.poll(10, TimeUnit.SECONDS)));
        }
        return order;
    }

    /** They have separate trees, so that one flow with a large header makes no other tree smaller. */
    @Test
    void headersWithoutSpaceForAPathAreSignedAloneAndEachSignatureIsCounted() {
        BatchSigner batches = new BatchSigner(Duration.ofMillis(1));
        List<CompletableFuture<Chain>> answers = signTogether(batches, 9, 0, 9, 0);
        assertThat(answers).extracting(BatchSignerTest::treeSize).containsExactly(2, 1, 2, 1);
        assertThat(batches.signatures()).isEqualTo(3);
        assertThat(batches.chains()).isEqualTo(4);
    }

    /** Two fit a tree of four at most, and the others, which join them, a larger one. */
    @Test
    void aTreeIsAsLargeAsItsHeadersAllow() {
        BatchSigner batches = new BatchSigner(Duration.ZERO);
        List<CompletableFuture<Chain>> answers = signTogether(batches, 9, 2, 5, 2, 9, 9);
        assertThat(answers).extracting(BatchSignerTest::treeSize).containsExactly(4, 4, 4, 4, 2, 2);
        for (int i = 0; i < 2; i++) {
            answers = signTogether(batches, 9, 2);
            assertThat(answers).extracting(BatchSignerTest::treeSize).containsExactly(2, 2);
        }
    }

    @Test
    void chainsAreSignedInOrder() throws Exception {
        assertThat(order(0, 0, 0, 0, 0)).containsExactly(0, 1, 2, 3, 4);
    }

    /** Otherwise a client that makes a hop write such headers would delay all other flows. */
    @Test
    void manyThatMustBeSignedAloneHoldUpNobodyElse() throws Exception {
        int[] rooms = new int[100];
        rooms[98] = 2;
        rooms[99] = 9;
        assertThat(order(rooms).subList(0, 4)).containsExactly(0, 98, 99, 1);
    }

    @Test
    void manyThatShareTreesHoldUpNobodyElse() throws Exception {
        int[] rooms = new int[602];
        Arrays.fill(rooms, 0, 600, 9);
        List<Integer> order = order(rooms);
        assertThat(order.subList(0, 2)).containsExactly(600, 0);
        assertThat(order.subList(256, 259)).containsExactly(255, 601, 256);
    }

    /** While keys change, some chains are from the old signer and some from the new one. */
    @Test
    void eachChainIsSignedByWhoBeganIt() {
        Signer next = signer("hop-a");
        BatchSigner batches = new BatchSigner(Duration.ZERO);
        List<CompletableFuture<Chain>> answers = loop.submit(() -> List.of(
                        sign(batches, chain(signer, 1)),
                        sign(batches, chain(signer, 2)),
                        sign(batches, chain(next, 3)),
                        sign(batches, chain(signer, 4))))
                .syncUninterruptibly()
                .getNow();
        assertThat(answers)
                .extracting(answer -> signed(answer).links().getLast().link().key())
                .containsExactly(
                        signer.publicKey().id(),
                        signer.publicKey().id(),
                        next.publicKey().id(),
                        signer.publicKey().id());
        assertThat(batches.signatures()).isEqualTo(3);
    }

    /** A flow without an answer would wait for ever, whatever the exception. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aKeyThatDoesNotAnswerEndsTheFlowsThatWaitAndNoOther(boolean error) {
        PublicKey publicKey = signer.publicKey();
        Signer broken = new Signer(
                new SigningKey() {
                    @Override
                    public PublicKey publicKey() {
                        return publicKey;
                    }

                    @Override
                    public byte[] sign(byte[] message) {
                        if (error) {
                            throw new AssertionError("the device is gone");
                        }
                        throw new IllegalStateException("the device is gone");
                    }
                },
                new SecureRandom());
        BatchSigner batches = new BatchSigner(Duration.ZERO);
        for (CompletableFuture<Chain> answer : sign(batches, broken, 3)) {
            assertThatThrownBy(() -> signed(answer)).hasMessageContaining("the device is gone");
        }
        assertThat(treeSize(sign(batches, signer, 2).getFirst())).isEqualTo(2);
    }
}
