/*
 * The choice of an accept queue in C, for audits. A hop doesn't load this file: QueueCode.java assembles the same
 * program. Change both together. CONTRIBUTING.md ("Auditing the eBPF programs") says how to compile, load and compare.
 *
 * Attached to a group of listening sockets that share a port (SO_ATTACH_REUSEPORT_EBPF, socket(7)), it returns the
 * index of the socket that gets a SYN: each user of this host, and each other address, has one. It changes nothing.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* linux/if_ether.h, as a little-endian machine loads them. */
#define ETH_P_IP_LE 0x0008
#define ETH_P_IPV6_LE 0xDD86
/* RFC 791, section 3.1, and RFC 8200, section 3. */
#define IPV4_SOURCE 12
#define IPV6_SOURCE 8
#define IPV6_HEADER 40
#define IPV4_MAPPED 0xFFFF0000
/* Spreads numbers that are close to each other: 2^31 divided by the golden ratio. */
#define SPREAD 0x4F1BBCDD

/* Network namespace of the sockets (SO_NETNS_COOKIE), and how many sockets there are: a power of two. */
const volatile __u64 network_namespace = 1;
const volatile __u32 queues = 16;

struct source_key {
	__u64 netns_cookie;
	__u32 address[4];
	__u64 port; /* host byte order */
};

/* The map of connect.bpf.c. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct source_key);
	__type(value, __u64);
} connect_source SEC(".maps");

SEC("socket")
int queue_by_user(struct __sk_buff *skb)
{
	struct source_key key = { .netns_cookie = network_namespace };
	__u64 header, number;
	__u8 first = 0;
	__u16 port = 0;
	__u64 *user;

	if (skb->protocol == ETH_P_IPV6_LE) {
		if (bpf_skb_load_bytes_relative(skb, IPV6_SOURCE, key.address, sizeof(key.address), BPF_HDR_START_NET))
			return 0;
		header = IPV6_HEADER;
	} else if (skb->protocol == ETH_P_IP_LE) {
		key.address[2] = IPV4_MAPPED;
		if (bpf_skb_load_bytes_relative(skb, IPV4_SOURCE, &key.address[3], sizeof(key.address[3]),
						BPF_HDR_START_NET))
			return 0;
		if (bpf_skb_load_bytes_relative(skb, 0, &first, sizeof(first), BPF_HDR_START_NET))
			return 0;
		header = (first & 0xF) << 2; /* the length is given in words */
	} else {
		return 0;
	}
	if (bpf_skb_load_bytes_relative(skb, header, &port, sizeof(port), BPF_HDR_START_NET))
		return 0;
	key.port = __builtin_bswap16(port);
	user = bpf_map_lookup_elem(&connect_source, &key);
	if (user)
		number = *user;
	else if (*(__u64 *)&key.address[0] != 0)
		number = *(__u64 *)&key.address[0]; /* not a user of this host: its IPv6 network */
	else
		number = key.address[3]; /* its IPv4 address, or the end of an IPv6 address whose network is 0 */
	return (number * SPREAD >> 20) & (queues - 1);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
