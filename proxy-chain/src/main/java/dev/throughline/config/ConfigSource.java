package dev.throughline.config;

import java.io.IOException;

/** The source from which a hop's configuration is reloaded. */
public interface ConfigSource {
    HopConfig read() throws ConfigException, IOException;
}
