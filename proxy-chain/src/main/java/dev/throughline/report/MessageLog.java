package dev.throughline.report;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.Logger;

/**
 * The configuration of the log. Messages are for people and go to standard error; the flow log is data and goes to standard output,
 * without Logback. Logback finds this class as a service. An XML file would cost each start 30 ms of CPU for a parser.
 *
 * <p>{@code -Dlogback.configurationFile=FILE} in {@code THROUGHLINE_JAVA_OPTS} replaces it.
 */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_HIGH_PRIORITY)
public final class MessageLog extends ContextAwareBase implements Configurator {
    private static final String PATTERN = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX,UTC} %-5level %msg%n%ex";

    @Override
    public ExecutionStatus configure(LoggerContext log) {
        if (System.getProperty("logback.configurationFile") != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(log);
        encoder.setPattern(PATTERN);
        encoder.start();
        ConsoleAppender<ILoggingEvent> messages = new ConsoleAppender<>();
        messages.setContext(log);
        messages.setName("messages");
        messages.setTarget("System.err");
        messages.setEncoder(encoder);
        messages.start();
        log.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
        log.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(messages);
        log.getLogger("dev.throughline").setLevel(Level.INFO);
        // Netty logs errors from which it recovers as warnings; those that matter reach their flow.
        log.getLogger("io.netty").setLevel(Level.ERROR);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}
