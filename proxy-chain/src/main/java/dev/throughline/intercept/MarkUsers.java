package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Well-known programs that use bits of packet and connection marks. If one of them is installed beside a hop whose mark
 * has one of its bits, it treats the hop's packets as its own.
 *
 * <p>Only the configurable bits of marks are compared. Conflicts in the fixed bits are found in the rules of a host
 * ({@link ForeignRules}). A longer list of programs is at <a
 * href="https://github.com/fwmark/registry">github.com/fwmark/registry</a>.
 */
public final class MarkUsers {
    /**
     * A program and its marks.
     *
     * @param bits the bits that the program reads
     * @param values the values of these bits that it matches; empty if any of the bits matches
     * @param source the program's documentation or source code that says so
     */
    record MarkUser(String name, String use, int bits, ImmutableList<Integer> values, String source) {
        static MarkUser anyBit(String name, String use, int bits, String source) {
            return new MarkUser(name, use, bits, ImmutableList.of(), source);
        }

        static MarkUser values(String name, String use, int bits, String source, Integer... values) {
            return new MarkUser(name, use, bits, ImmutableList.copyOf(values), source);
        }

        boolean claims(int mark) {
            return values.isEmpty() ? (mark & bits) != 0 : values.contains(mark & bits);
        }

        /** Returns the bits of {@code mark} that the program uses. */
        int claimed(int mark) {
            return mark & bits;
        }
    }

    /** For a program that compares whole marks. */
    private static final int WHOLE = ~0;

    static final ImmutableList<MarkUser> KNOWN = ImmutableList.of(
            MarkUser.anyBit(
                    "kube-proxy",
                    "masquerades packets with it",
                    0x4000,
                    "kubernetes: --iptables-masquerade-bit, default 14"),
            MarkUser.anyBit(
                    "kubelet of older releases",
                    "drops packets with it",
                    0x8000,
                    "kubernetes: --iptables-drop-bit, default 15, chain KUBE-MARK-DROP"),
            MarkUser.anyBit(
                    "CNI portmap and Podman (netavark)",
                    "masquerade packets with it",
                    0x2000,
                    "containernetworking/plugins: portmap, markMasqBit, default 13; netavark: NETAVARK-HOSTPORT-SETMARK"),
            MarkUser.anyBit(
                    "Cilium",
                    "takes packets with it for those of its own proxy, of its host or encrypted traffic",
                    0x0F00,
                    "cilium: bpf/lib/common.h, MARK_MAGIC_HOST_MASK"),
            MarkUser.anyBit(
                    "AWS VPC CNI",
                    "routes packets with it through the first network interface",
                    0x0080,
                    "amazon-vpc-cni-k8s: AWS_VPC_K8S_CNI_CONNMARK, default 0x80"),
            MarkUser.values(
                    "Istio",
                    "ignores packets with it or takes them for intercepted",
                    0x0FFF,
                    "istio: tools/common/config, InpodMark 1337 and InpodTProxyMark 0x111; INBOUND_TPROXY_MARK 1337",
                    0x539,
                    0x111),
            MarkUser.values(
                    "wg-quick",
                    "routes packets with it past the VPN",
                    WHOLE,
                    "wireguard-tools: wg-quick(8), FwMark = auto, 51820 or the next free number",
                    IntStream.range(51820, 51830).boxed().toArray(Integer[]::new)),
            MarkUser.values(
                    "Docker Swarm",
                    "balances packets with it over the tasks of a service, in its own network namespaces",
                    WHOLE,
                    "moby: libnetwork, fwMarkCtr, from 256 on, one a service",
                    IntStream.range(0x100, 0x200).boxed().toArray(Integer[]::new)));

    private MarkUsers() {}

    /**
     * Returns a warning for each mark of {@code plan} that a known program uses: this hop's, those of later hops, and
     * those of previous hops.
     */
    public static ImmutableList<String> warnings(RulePlan plan) {
        Map<Integer, String> chosen = new LinkedHashMap<>();
        chosen.put(plan.mark(), "mark");
        plan.laterMarks().forEach(mark -> chosen.putIfAbsent(mark, "later mark"));
        plan.captures().forEach(capture -> {
            if (capture.match() instanceof CaptureRule.PreviousHop previous) {
                previous.mark().ifPresent(mark -> chosen.putIfAbsent(mark, "mark of the previous hop"));
            }
        });
        return chosen.entrySet().stream()
                .filter(entry -> entry.getKey() != 0)
                .flatMap(entry -> warning(entry.getValue(), entry.getKey()).stream())
                .collect(ImmutableList.toImmutableList());
    }

    private static ImmutableList<String> warning(String what, int mark) {
        ImmutableList<MarkUser> users =
                KNOWN.stream().filter(user -> user.claims(mark)).collect(ImmutableList.toImmutableList());
        if (users.isEmpty()) {
            return ImmutableList.of();
        }
        Function<MarkUser, String> words =
                user -> "%s (%s: %s)".formatted(user.name(), Marks.brief(user.claimed(mark)), user.use());
        return ImmutableList.of("%s %s has bits that well-known programs use: %s; choose a mark such as 0x1071"
                .formatted(what, Marks.brief(mark), users.stream().map(words).collect(Collectors.joining("; "))));
    }
}
