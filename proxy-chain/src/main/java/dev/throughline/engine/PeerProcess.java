package dev.throughline.engine;

/**
 * The process at the other end of a Unix socket.
 *
 * @param pid 0 if the process is in a pid namespace that isn't visible from here
 * @param uid effective user
 */
public record PeerProcess(int pid, int uid) {}
