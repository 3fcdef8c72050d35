package dev.throughline.flow;

import dev.throughline.bridge.BridgeHeader;
import dev.throughline.bridge.BridgeRead;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.Tuple;
import dev.throughline.identify.OwnProcess;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessIdentity;
import java.util.Optional;

/**
 * A flow as an agent describes it (BRIDGE.md). The description is trusted: the kernel identified the agent before a byte was
 * read, and the configuration names it.
 *
 * @param flow source and destination of the flow
 * @param wayIn how the agent intercepted it
 * @param process the process that opened it
 * @param handle the agent's id of the flow, if the agent can open the upstream connection
 * @param hostName name of the destination, if the application used one
 */
record BridgeHandover(
        Tuple flow,
        InterceptionMethod wayIn,
        ProcessIdentity process,
        Optional<Bytes> handle,
        Optional<String> hostName) {
    static BridgeHandover of(Header header) {
        return switch (BridgeHeader.read(header)) {
            case BridgeRead.Malformed(int offset, String problem) ->
                throw new FlowRejectedException(CloseReason.HEADER_MALFORMED, "byte " + offset + ": " + problem);
            case BridgeRead.Found(BridgeHeader handed) -> {
                ProcessIdentity process = handed.process().unverified();
                if (process.system() == OperatingSystem.LINUX
                        && process.process().orElseThrow().pid() == OwnProcess.pid()) {
                    throw new FlowRejectedException(
                            CloseReason.LOOP, "this hop opened it (does the agent skip its connections?)");
                }
                yield new BridgeHandover(handed.flow(), handed.wayIn(), process, handed.handle(), handed.hostName());
            }
        };
    }
}
