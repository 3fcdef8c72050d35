package dev.throughline.config;

/**
 * Names that a hop writes into chains.
 *
 * @param name of the hop; its private keys carry the same name
 * @param host name of the host that the hop runs on, part of each originator that it names
 */
public record HopIdentity(String name, String host) {}
