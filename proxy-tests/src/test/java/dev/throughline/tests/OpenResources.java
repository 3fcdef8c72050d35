package dev.throughline.tests;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What a test opens: closed after it, the last first. To be registered with {@code @RegisterExtension}. */
final class OpenResources implements AfterEachCallback {
    private final List<AutoCloseable> open = new ArrayList<>();

    /** {@return one that is closed after the test} */
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
