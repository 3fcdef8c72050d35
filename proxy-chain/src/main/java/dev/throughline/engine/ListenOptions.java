package dev.throughline.engine;

/**
 * Options of a listening socket on an address, which accepted connections inherit.
 *
 * @param backlog length of the kernel's queue (listen(2))
 * @param reusePort whether several sockets share the address (SO_REUSEPORT, socket(7))
 * @param transparent whether it takes connections to other addresses (IP_TRANSPARENT, ip(7))
 * @param mark SO_MARK of its answers; 0 for none
 * @param timeouts of accepted connections
 */
public record ListenOptions(int backlog, boolean reusePort, boolean transparent, int mark, TcpTimeouts timeouts) {}
