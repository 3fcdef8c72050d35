package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import dev.throughline.bridge.BridgeHeader;
import dev.throughline.chain.Claimed;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Code;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BridgeHandoverTest {
    private static final Tuple FLOW = Tuple.tcp(
            new InetSocketAddress(InetAddresses.forString("192.0.2.10"), 40000),
            new InetSocketAddress(InetAddresses.forString("198.51.100.80"), 443));

    @Test
    void theAgentsClaimsAreKept() {
        ProcessIdentity who = new ProcessIdentity(
                Evidence.BRIDGE,
                OperatingSystem.LINUX,
                Optional.of(new ProcessId(1, 987_654)),
                Optional.empty(),
                Code.UNKNOWN,
                Workload.UNKNOWN,
                ProcessContext.UNKNOWN);
        Optional<Bytes> handle = Optional.of(Bytes.ofHex("07"));
        Optional<String> name = Optional.of("www.example.com");

        BridgeHandover said = BridgeHandover.of(
                header(new BridgeHeader(FLOW, InterceptionMethod.PF, new Claimed<>(who), handle, name)));

        assertThat(said).isEqualTo(new BridgeHandover(FLOW, InterceptionMethod.PF, who, handle, name));
    }

    private static Header header(BridgeHeader said) {
        Bytes bytes = HeaderWriter.proxy(said.flow(), said.tlvs());
        ReadResult read = new HeaderReader(HeaderLimits.NORMAL).read(bytes.toByteArray(), bytes.length());
        return ((ReadResult.Complete) read).header();
    }
}
