package dev.throughline.config;

import java.io.IOException;

/** Where a hop's configuration is read again when it is told to. */
public interface ConfigSource {
    HopConfig read() throws ConfigException, IOException;
}
