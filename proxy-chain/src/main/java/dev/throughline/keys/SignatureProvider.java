package dev.throughline.keys;

import dev.throughline.key.Ed25519Acceleration;
import dev.throughline.platform.linux.CodeFolder;
import java.nio.file.Path;
import java.security.Provider;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The provider that signs and verifies with Ed25519 faster than Bouncy Castle, if its jar is installed beside the program: Amazon
 * Corretto Crypto Provider. CONTRIBUTING has the measurements. It is given to {@link Ed25519Acceleration} only, not registered for
 * the whole process.
 */
public final class SignatureProvider {
    private static final Logger LOG = LoggerFactory.getLogger(SignatureProvider.class);
    private static final String TYPE = "com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider";

    private SignatureProvider() {}

    /** Uses the provider if it is installed, works on this machine and passes its tests. Returns the name of what signs now. */
    public static String use() {
        // The provider unpacks its library there, and would create a missing directory.
        if (CodeFolder.objection(Path.of(System.getProperty("java.io.tmpdir", "/tmp")))
                .isPresent()) {
            return Ed25519Acceleration.engine();
        }
        try {
            ServiceLoader.load(Provider.class).stream()
                    .filter(provider -> provider.type().getName().equals(TYPE))
                    .findFirst()
                    .ifPresent(provider -> Ed25519Acceleration.use(provider.get()));
        } catch (ServiceConfigurationError | LinkageError e) {
            LOG.debug("no faster Ed25519: {}", e.toString());
        }
        return Ed25519Acceleration.engine();
    }
}
