package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.budget.Account;
import dev.throughline.header.Tuple;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.FlowId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The accounts of flows whose originator isn't fully known. */
class AccountsTest {
    private static final HostId HOST = HostId.of("edge-1");

    private static final Accounts CLAIMANTS = new Accounts(HOST, uid -> uid < 100_000 ? uid : 1001);

    private static Account of(Evidence evidence, String source) {
        return of(HOST, source, ProcessIdentity.unknown(evidence, OperatingSystem.LINUX));
    }

    private static Account of(HostId host, int uid) {
        return of(
                host,
                "127.0.0.1",
                new ProcessIdentity(
                        Evidence.UID_ONLY,
                        OperatingSystem.LINUX,
                        Optional.empty(),
                        Optional.of(Credentials.ofUser(uid)),
                        Code.UNKNOWN,
                        Workload.UNKNOWN,
                        ProcessContext.UNKNOWN));
    }

    private static Account of(HostId host, String source, ProcessIdentity identity) {
        String destination = source.contains(":") ? "2001:db8::80" : "198.51.100.80";
        Tuple tuple = Tuple.tcp(new InetSocketAddress(source, 40_000), new InetSocketAddress(destination, 80));
        return CLAIMANTS.of(
                new Originator(host, new FlowId(1, 2), Instant.EPOCH, tuple, InterceptionMethod.SOCKET, identity));
    }

    /** Otherwise each address of 127.0.0.0/8 to which a process binds would count as a host. */
    @Tag("attack")
    @Test
    void allUnknownOriginatorsOfThisHostAreOneAccount() {
        assertThat(of(Evidence.UNKNOWN, "127.0.0.1"))
                .isEqualTo(of(Evidence.UNKNOWN, "127.9.8.7"))
                .isEqualTo(of(Evidence.UNKNOWN, "192.0.2.1"))
                .isEqualTo(of(Evidence.UNKNOWN, "2001:db8::1"))
                .isEqualTo(new Account(HOST.toString(), Account.UNKNOWN, Account.UNKNOWN, Account.UNKNOWN));
    }

    @Test
    void eachOtherHostCountsByItsAddressAndAnIpv6NetworkAsOne() {
        assertThat(of(Evidence.REMOTE, "192.0.2.1").host()).isEqualTo("192.0.2.1");
        assertThat(of(Evidence.REMOTE, "192.0.2.2")).isNotEqualTo(of(Evidence.REMOTE, "192.0.2.1"));
        assertThat(of(Evidence.REMOTE, "2001:db8::1")).isEqualTo(of(Evidence.REMOTE, "2001:db8::2"));
        assertThat(of(Evidence.REMOTE, "2001:db8:0:1::1")).isNotEqualTo(of(Evidence.REMOTE, "2001:db8::1"));
    }

    /** The subordinate ids of another host are unknown here. */
    @Tag("attack")
    @Test
    void aSubordinateIdCountsForItsOwnerOnItsOwnHost() {
        assertThat(of(HOST, 100_005).user()).isEqualTo("1001");
        assertThat(of(HOST, 1001).user()).isEqualTo("1001");
        assertThat(of(HostId.of("edge-2"), 100_005).user()).isEqualTo("100005");
    }
}
