package dev.throughline.flow;

import dev.throughline.bridge.BridgeHeader;
import dev.throughline.bridge.BridgeRead;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessIdentity;
import java.util.Optional;

/**
 * A flow in the words of an agent (BRIDGE.md). They are taken as they are: the kernel has said who the agent is before a byte
 * was read, and the configuration that it is to be believed.
 *
 * @param flow its own source and destination
 * @param wayIn how the agent got it
 * @param process who opened it
 * @param handle by which the agent knows the flow, if it can be asked to open the way onwards
 * @param hostName the destination's, if the application used one
 */
record BridgeHandover(
        Tuple flow,
        InterceptionMethod wayIn,
        ProcessIdentity process,
        Optional<Bytes> handle,
        Optional<String> hostName) {
    private static final int OWN_PID = Math.toIntExact(ProcessHandle.current().pid());

    static BridgeHandover of(Header header) {
        return switch (BridgeHeader.read(header)) {
            case BridgeRead.Malformed(int offset, String problem) ->
                throw new FlowRejectedException(CloseReason.HEADER_MALFORMED, "byte " + offset + ": " + problem);
            case BridgeRead.Found(BridgeHeader handed) -> {
                ProcessIdentity process = handed.process().unverified();
                if (process.system() == OperatingSystem.LINUX
                        && process.process().orElseThrow().pid() == OWN_PID) {
                    throw new FlowRejectedException(
                            CloseReason.LOOP, "this hop opened it: does the agent leave its connections alone?");
                }
                yield new BridgeHandover(handed.flow(), handed.wayIn(), process, handed.handle(), handed.hostName());
            }
        };
    }
}
