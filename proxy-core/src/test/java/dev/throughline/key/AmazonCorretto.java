package dev.throughline.key;

import java.security.Provider;
import java.util.ServiceLoader;

/** The provider with which acceleration is tested. */
public final class AmazonCorretto {
    private AmazonCorretto() {}

    /** Returns the provider. */
    public static Provider provider() {
        System.setProperty("com.amazon.corretto.crypto.provider.registerEdKeyFactory", "true");
        return ServiceLoader.load(Provider.class).stream()
                .filter(provider -> provider.type().getSimpleName().equals("AmazonCorrettoCryptoProvider"))
                .findFirst()
                .orElseThrow()
                .get();
    }
}
