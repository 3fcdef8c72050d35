package dev.throughline.tests;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The resources of a test, closed after it in reverse order. To be registered with {@code @RegisterExtension}. */
final class OpenResources implements AfterEachCallback {
    private final List<AutoCloseable> open = new ArrayList<>();

    /** Registers a resource to be closed after the test, and returns it. */
    <T extends AutoCloseable> T add(T one) {
        open.add(one);
        return one;
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
    }
}
