package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The programs that are known to use bits of packet and connection marks on many hosts. A hop whose mark has one of
 * their bits is taken for something of theirs, as soon as they are installed beside it.
 *
 * <p>Only marks that a configuration chooses are compared. Which programs use the bits above those, which no
 * configuration can change, is found in the rules that a host has ({@link ForeignRules}). Others are collected at
 * <a href="https://github.com/fwmark/registry">github.com/fwmark/registry</a>.
 */
public final class MarkUsers {
    /**
     * A program, and the marks that it takes for its own.
     *
     * @param bits the bits that it reads
     * @param values what it looks for in them, or empty if any bit of them counts
     * @param source where its documents or its source say so
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

        /** The part of {@code mark} that it claims. */
        int claimed(int mark) {
            return mark & bits;
        }
    }

    /** All 32 bits, for a program that compares whole marks. */
    private static final int WHOLE = ~0;

    static final ImmutableList<MarkUser> KNOWN = ImmutableList.of(
            MarkUser.anyBit(
                    "kube-proxy",
                    "masquerades what has it",
                    0x4000,
                    "kubernetes: --iptables-masquerade-bit, default 14"),
            MarkUser.anyBit(
                    "kubelet of older releases",
                    "drops what has it",
                    0x8000,
                    "kubernetes: --iptables-drop-bit, default 15, chain KUBE-MARK-DROP"),
            MarkUser.anyBit(
                    "CNI portmap and Podman (netavark)",
                    "masquerade what has it",
                    0x2000,
                    "containernetworking/plugins: portmap, markMasqBit, default 13; netavark: NETAVARK-HOSTPORT-SETMARK"),
            MarkUser.anyBit(
                    "Cilium",
                    "takes it for its own proxy, its host or encrypted traffic",
                    0x0F00,
                    "cilium: bpf/lib/common.h, MARK_MAGIC_HOST_MASK"),
            MarkUser.anyBit(
                    "AWS VPC CNI",
                    "routes by it to the first network interface",
                    0x0080,
                    "amazon-vpc-cni-k8s: AWS_VPC_K8S_CNI_CONNMARK, default 0x80"),
            MarkUser.values(
                    "Istio",
                    "leaves it alone or takes it for intercepted",
                    0x0FFF,
                    "istio: tools/common/config, InpodMark 1337 and InpodTProxyMark 0x111; INBOUND_TPROXY_MARK 1337",
                    0x539,
                    0x111),
            MarkUser.values(
                    "wg-quick",
                    "routes it past the VPN",
                    WHOLE,
                    "wireguard-tools: wg-quick(8), FwMark = auto, 51820 or the next free number",
                    IntStream.range(51820, 51830).boxed().toArray(Integer[]::new)),
            MarkUser.values(
                    "Docker Swarm",
                    "balances it over the tasks of a service, in its own network namespaces",
                    WHOLE,
                    "moby: libnetwork, fwMarkCtr, from 256 on, one a service",
                    IntStream.range(0x100, 0x200).boxed().toArray(Integer[]::new)));

    private MarkUsers() {}

    /**
     * Returns one sentence for each mark of {@code plan} that a known program claims: this hop's, those of later hops,
     * and those of previous hops.
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
                user -> "%s (%s %s)".formatted(user.name(), Marks.brief(user.claimed(mark)), user.use());
        return ImmutableList.of("%s %s has bits that others use on the same host: %s; choose one such as 0x1071"
                .formatted(what, Marks.brief(mark), users.stream().map(words).collect(Collectors.joining("; "))));
    }
}
