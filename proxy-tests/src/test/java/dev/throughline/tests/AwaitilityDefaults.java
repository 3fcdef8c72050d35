package dev.throughline.tests;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Settings of Awaitility for all tests. JUnit finds this class in {@code META-INF/services}.
 *
 * <p>Conditions have a minute, because a hop may be slow on a busy machine.
 *
 * <p>By default, a waiting test fails if any thread of the process throws an exception, which may be a thread of the test that runs
 * beside it.
 */
public final class AwaitilityDefaults implements BeforeAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
        Awaitility.doNotCatchUncaughtExceptionsByDefault();
        Awaitility.setDefaultTimeout(Duration.ofMinutes(1));
    }
}
