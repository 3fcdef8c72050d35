package dev.throughline.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import com.google.common.collect.ImmutableList;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.Ending;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.key.Trust;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** A reader of standard output who stops reading; whoever tells the log of a flow must not feel it. */
@Timeout(60)
class FlowLogTest {
    private static final int MOST_WAITING = 65_536;

    private final Logger logger = (Logger) LoggerFactory.getLogger(FlowLog.LOGGER);
    private final List<Appender<ILoggingEvent>> others = new ArrayList<>();
    private final StuckReader reader = new StuckReader();
    private final FlowLog log = FlowLog.start(new FlowJson("hop-a", new IdNames(Trust.NOBODY, "hop-a", "edge-1")));

    @BeforeEach
    void read() {
        logger.iteratorForAppenders().forEachRemaining(others::add);
        others.forEach(logger::detachAppender);
        logger.addAppender(reader);
        reader.start();
    }

    @AfterEach
    void stop() {
        reader.resumed.countDown();
        log.close();
        logger.detachAppender(reader);
        others.forEach(logger::addAppender);
    }

    @Test
    void holdsUpNobodyAndCountsWhatItCouldNotKeep() {
        int lines = MOST_WAITING + 100;
        for (int i = 0; i < lines; i++) {
            log.closed(view(i), new Ending(CloseReason.COMPLETED, ""));
        }
        // One line may be in the reader's hands.
        assertThat(log.dropped()).isBetween(99L, 100L);

        reader.resumed.countDown();
        log.close();

        assertThat(reader.lines).hasSize((int) (lines - log.dropped()));
        assertThat(reader.lines.peek()).contains("\"event\":\"flow.close\"").contains("\"number\":0");
    }

    @Test
    void closesThoughItsReaderIsStuck() {
        log.opened(view(1));
        assertThatCode(log::close).doesNotThrowAnyException();
    }

    private static FlowView view(long number) {
        return new FlowView(
                number,
                "apps",
                FlowView.Stage.RELAYING,
                Instant.EPOCH,
                Duration.ZERO,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new NextHop.Destination()),
                Optional.of("bsd-socket"),
                ImmutableList.of(),
                0,
                0);
    }

    private static final class StuckReader extends AppenderBase<ILoggingEvent> {
        private final CountDownLatch resumed = new CountDownLatch(1);
        private final Queue<String> lines = new ConcurrentLinkedQueue<>();

        @Override
        protected void append(ILoggingEvent event) {
            try {
                resumed.await();
                lines.add(event.getFormattedMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
