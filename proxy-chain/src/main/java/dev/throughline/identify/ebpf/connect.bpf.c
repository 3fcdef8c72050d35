/*
 * The connect tracer in C, for audits. A hop doesn't load this file: ConnectCode.java assembles the same programs, so
 * that neither the build nor the host needs clang. Maps, keys, records and the order of all decisions are the same in
 * both; change them together. CONTRIBUTING.md ("Auditing the eBPF programs") says how to compile, load and compare.
 *
 * The programs only record. They always let the system call continue, and they change no packet and no socket.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define AF_INET 2
#define TASK_COMM_LEN 16
#define BTRFS_SUPER_MAGIC 0x9123683E
/* Bytes 8 to 11 of ::ffff:0:0 as a word of a little-endian machine (RFC 4291, section 2.5.5.2). */
#define IPV4_MAPPED 0xFFFF0000
/* 2^30 nanoseconds are a little more than a second. */
#define SECOND_BITS 30
/* Ranges of subordinate ids have this size (subuid(5)). */
#define RANGE_BITS 16
#define NAME_BYTES 256

/* ConnectTracer.PER_SECOND */
const volatile __u32 per_second = 16384;
/* TracePart: a hop leaves out the parts that its kernel refuses. */
const volatile bool with_cgroup = true;
const volatile bool with_command = true;
const volatile bool with_process = true;
const volatile bool with_parent = true;
const volatile bool with_socket = true;

/* The members of kernel structures that are read. Their offsets come from the kernel's BTF (KernelLayout.java). */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	__u32 val;
} kuid_t;

struct ns_common {
	unsigned int inum;
};

struct user_namespace {
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct cred {
	kuid_t uid;
	kuid_t euid;
	struct user_namespace *user_ns;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

/* Linux 6.6 to 6.10. */
struct inode___6_6 {
	struct timespec64 __i_ctime;
};

/* Before Linux 6.6. */
struct inode___5_15 {
	struct timespec64 i_ctime;
};

struct file {
	struct inode *f_inode;
};

struct mm_struct {
	struct file *exe_file;
	unsigned long start_stack;
	unsigned long arg_start;
};

struct task_struct {
	struct task_struct *group_leader;
	__s32 tgid;
	struct task_struct *real_parent;
	__u64 start_boottime;
	__u64 self_exec_id;
	char comm[TASK_COMM_LEN];
	const struct cred *cred;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
};

struct btrfs_root {
	__u32 anon_dev;
};

struct btrfs_inode {
	struct btrfs_root *root;
	struct inode vfs_inode;
};

struct linux_binprm {
	const char *filename;
	const char *interp;
};

struct sock {
	kuid_t sk_uid;
};

#pragma clang attribute pop

/* ConnectRecord.ProgramFile. The device is written last: 0 means that the rest isn't valid. */
struct program_file {
	__u64 inode;
	__s64 ctime_seconds;
	__u32 ctime_nanos;
	__u32 subvolume;
	__u32 device;
	__u32 unused;
};

/* ConnectRecord: 192 bytes. */
struct connect_record {
	__u64 pid_tgid;
	__u64 uid_gid;
	__u64 cgroup_id;
	__u64 boot_nanos;
	__u64 netns_cookie;
	char command[TASK_COMM_LEN];
	__u64 start_boot_nanos; /* written last: 0 means that nothing is known of the process */
	__u64 cookie;
	__u64 exec_id;
	__u64 start_stack;
	__u64 arguments_start;
	struct program_file program;
	__u32 effective_uid;
	__u32 socket_mark;
	__u32 socket_uid;
	__u32 socket_known;
	__u64 parent_start_boot_nanos;
	__u32 parent_pid;
	__u32 parent_uid;
	struct program_file parent_program;
};

/* ExecRecord: 288 bytes. */
struct exec_record {
	__u64 start_boot_nanos;
	__u64 exec_id;
	__u32 user_namespace;
	__u32 mount_namespace;
	__u32 interpreted; /* 1 if an interpreter runs the file */
	__u32 unused;
	char name[NAME_BYTES];
};

/* Addresses are IPv6; IPv4 addresses are in the mapped form. */
struct tuple_key {
	__u64 netns_cookie;
	__u32 local[4];
	__u32 remote[4];
	__u32 local_port;  /* host byte order */
	__u32 remote_port; /* network byte order, in the upper two bytes */
};

struct source_key {
	__u64 netns_cookie;
	__u32 address[4];
	__u64 port; /* host byte order */
};

/* How many sockets of a user were recorded in the second with this number. */
struct rate {
	__u64 second;
	__u64 count;
};

_Static_assert(sizeof(struct connect_record) == 192, "ConnectRecord.BYTES");
_Static_assert(sizeof(struct exec_record) == 288, "ExecRecord.BYTES");
_Static_assert(sizeof(struct tuple_key) == 48, "ConnectCode.TUPLE_BYTES");
_Static_assert(sizeof(struct source_key) == 32, "ConnectCode.SOURCE_BYTES");
_Static_assert(sizeof(struct rate) == 16, "ConnectCode.RATE_BYTES");

/* connect-notes of the hop's configuration is the size of the first two; ConnectObjects.java has those of the others. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, __u64);
	__type(value, struct connect_record);
} connect_cookie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct tuple_key);
	__type(value, struct connect_record);
} connect_tuple SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct rate);
} connect_user SEC(".maps");

/* Users by the sources of their connections. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct source_key);
	__type(value, __u64);
} connect_source SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct exec_record);
} exec_pid SEC(".maps");

/* Copies a member of a kernel structure; true if it can't be read. */
#define FAILS(to, from) (bpf_core_read((to), sizeof(*(to)), (from)) != 0)

/* The number under which a user is counted: a user may own a whole range of subordinate ids, which counts as one. */
static __always_inline __u64 counted_user(__u32 uid)
{
	__u64 range = uid >> RANGE_BITS;

	return range == 0 ? uid : range + (1 << RANGE_BITS);
}

/* Counts a socket of the calling user, and returns true if the user had too many in this second. */
static __always_inline bool too_many(__u32 uid)
{
	__u64 user = counted_user(uid);
	__u64 second = bpf_ktime_get_boot_ns() >> SECOND_BITS;
	struct rate *known = bpf_map_lookup_elem(&connect_user, &user);

	if (!known) {
		struct rate first = { .second = second, .count = 1 };

		bpf_map_update_elem(&connect_user, &user, &first, BPF_ANY);
		return false;
	}
	if (known->second != second) {
		known->second = second;
		known->count = 0;
	}
	__sync_fetch_and_add(&known->count, 1);
	return known->count > per_second;
}

static __always_inline bool read_ctime(struct inode *inode, struct program_file *to)
{
	if (bpf_core_field_exists(inode->i_ctime_sec))
		return !FAILS(&to->ctime_seconds, &inode->i_ctime_sec) &&
		       !FAILS(&to->ctime_nanos, &inode->i_ctime_nsec);

	struct inode___6_6 *newer = (void *)inode;

	if (bpf_core_field_exists(newer->__i_ctime))
		return !FAILS(&to->ctime_seconds, &newer->__i_ctime.tv_sec) &&
		       !bpf_core_read(&to->ctime_nanos, sizeof(to->ctime_nanos), &newer->__i_ctime.tv_nsec);

	struct inode___5_15 *older = (void *)inode;

	return !FAILS(&to->ctime_seconds, &older->i_ctime.tv_sec) &&
	       !bpf_core_read(&to->ctime_nanos, sizeof(to->ctime_nanos), &older->i_ctime.tv_nsec);
}

/* Btrfs counts inodes in each subvolume: records the device that stat(2) shows for the file's subvolume. */
static __always_inline void read_subvolume(struct inode *inode, struct program_file *to)
{
	struct btrfs_root *root;

	to->subvolume = 0;
	if (!bpf_core_type_exists(struct btrfs_inode))
		return; /* a module, whose types the kernel's BTF doesn't hold */

	struct btrfs_inode *outer = (void *)inode - bpf_core_field_offset(struct btrfs_inode, vfs_inode);

	if (FAILS(&root, &outer->root))
		return;
	(void)FAILS(&to->subvolume, &root->anon_dev);
}

/* Records the executable of a process. True if that worked. */
static __always_inline bool read_program(struct mm_struct *mm, struct program_file *to)
{
	struct super_block *block;
	struct inode *inode;
	struct file *file;
	unsigned long magic;

	if (FAILS(&file, &mm->exe_file) || FAILS(&inode, &file->f_inode))
		return false;
	if (FAILS(&to->inode, &inode->i_ino) || !read_ctime(inode, to))
		return false;
	if (FAILS(&block, &inode->i_sb) || FAILS(&to->subvolume, &block->s_dev) || FAILS(&magic, &block->s_magic))
		return false;
	if ((__u32)magic == BTRFS_SUPER_MAGIC)
		read_subvolume(inode, to);
	return !FAILS(&to->device, &block->s_dev);
}

static __always_inline void read_process(struct task_struct *task, struct connect_record *to)
{
	struct task_struct *leader;
	const struct cred *cred;
	struct mm_struct *mm;

	if (FAILS(&to->exec_id, &task->self_exec_id) || FAILS(&mm, &task->mm))
		return;
	if (FAILS(&to->start_stack, &mm->start_stack) || FAILS(&to->arguments_start, &mm->arg_start))
		return;
	if (!read_program(mm, &to->program))
		return;
	if (FAILS(&cred, &task->cred) || FAILS(&to->effective_uid, &cred->euid.val))
		return;
	if (FAILS(&leader, &task->group_leader) || FAILS(&to->command, &leader->comm))
		return;
	(void)FAILS(&to->start_boot_nanos, &leader->start_boottime);
}

/* The parent may be a kernel thread, which has a start and no program. */
static __always_inline void read_parent(struct task_struct *task, struct connect_record *to)
{
	struct task_struct *parent;
	const struct cred *cred;
	struct mm_struct *mm;

	if (FAILS(&parent, &task->real_parent) || FAILS(&parent, &parent->group_leader))
		return;
	if (FAILS(&to->parent_pid, &parent->tgid))
		return;
	if (FAILS(&cred, &parent->cred) || FAILS(&to->parent_uid, &cred->uid.val))
		return;
	if (FAILS(&to->parent_start_boot_nanos, &parent->start_boottime) || FAILS(&mm, &parent->mm))
		return;
	read_program(mm, &to->parent_program);
}

/* connect(2) and sendmsg(2): records the caller under the socket's cookie. */
static __always_inline int record_caller(struct bpf_sock_addr *ctx)
{
	struct connect_record record = {};
	__u64 cookie = bpf_get_socket_cookie(ctx);

	record.cookie = cookie;
	record.pid_tgid = bpf_get_current_pid_tgid();
	record.uid_gid = bpf_get_current_uid_gid();
	if (too_many((__u32)record.uid_gid)) {
		/* What an earlier connect(2) with this socket left belongs to another connection. */
		bpf_map_delete_elem(&connect_cookie, &cookie);
		return 1;
	}
	if (with_cgroup)
		record.cgroup_id = bpf_get_current_cgroup_id();
	record.boot_nanos = bpf_ktime_get_boot_ns();
	record.netns_cookie = bpf_get_netns_cookie(ctx);
	if (with_command)
		bpf_get_current_comm(record.command, sizeof(record.command));
	if (with_process)
		read_process((struct task_struct *)bpf_get_current_task(), &record);
	if (with_parent)
		read_parent((struct task_struct *)bpf_get_current_task(), &record);
	bpf_map_update_elem(&connect_cookie, &cookie, &record, BPF_ANY);
	return 1;
}

SEC("cgroup/connect4")
int connect_caller4(struct bpf_sock_addr *ctx)
{
	return record_caller(ctx);
}

SEC("cgroup/connect6")
int connect_caller6(struct bpf_sock_addr *ctx)
{
	return record_caller(ctx);
}

SEC("cgroup/sendmsg4")
int send_caller4(struct bpf_sock_addr *ctx)
{
	return record_caller(ctx);
}

SEC("cgroup/sendmsg6")
int send_caller6(struct bpf_sock_addr *ctx)
{
	return record_caller(ctx);
}

/* Records a socket's creator and mark. A socket that is bound to a device may share its addresses with another one. */
static __always_inline void read_socket(const volatile struct bpf_sock_ops *ctx, struct connect_record *to)
{
	struct bpf_sock *socket;
	struct sock *tcp;

	to->socket_known = 0;
	if (!with_socket)
		return;
	socket = ctx->sk;
	if (!socket || socket->bound_dev_if != 0)
		return;
	to->socket_mark = socket->mark;
	tcp = (void *)bpf_skc_to_tcp_sock(socket);
	if (!tcp)
		return;
	to->socket_uid = tcp->sk_uid.val;
	to->socket_known = 1;
}

static __always_inline bool is_ipv4(const volatile struct bpf_sock_ops *ctx)
{
	/* A dual-stack socket that speaks IPv4 is recorded as such. */
	return ctx->family == AF_INET ||
	       (ctx->remote_ip6[0] == 0 && ctx->remote_ip6[1] == 0 && ctx->remote_ip6[2] == IPV4_MAPPED);
}

/*
 * TCP, when the first SYN is about to leave: records the caller under the socket's addresses as well. If the caller is
 * unknown, as for connections that the kernel opens itself, or can't be recorded, the record of an earlier socket is
 * deleted: a record always belongs to the last socket that had the addresses.
 */
SEC("sockops")
int connect_tuple_record(struct bpf_sock_ops *context)
{
	/* Volatile, so that clang doesn't combine reads: the verifier refuses computed offsets in the context. */
	const volatile struct bpf_sock_ops *ctx = context;
	struct tuple_key tuple = {};
	struct source_key source = {};
	struct connect_record *caller;
	__u64 cookie, user;

	if (ctx->op != BPF_SOCK_OPS_TCP_CONNECT_CB)
		return 1;
	tuple.netns_cookie = bpf_get_netns_cookie(context);
	if (is_ipv4(ctx)) {
		tuple.local[2] = IPV4_MAPPED;
		tuple.local[3] = ctx->local_ip4;
		tuple.remote[2] = IPV4_MAPPED;
		tuple.remote[3] = ctx->remote_ip4;
		barrier(); /* for the same reason */
	} else {
		for (int i = 0; i < 4; i++) {
			tuple.local[i] = ctx->local_ip6[i];
			tuple.remote[i] = ctx->remote_ip6[i];
		}
	}
	tuple.local_port = ctx->local_port;
	tuple.remote_port = ctx->remote_port;
	source.netns_cookie = tuple.netns_cookie;
	__builtin_memcpy(source.address, tuple.local, sizeof(source.address));
	source.port = tuple.local_port;

	cookie = bpf_get_socket_cookie(context);
	caller = bpf_map_lookup_elem(&connect_cookie, &cookie);
	if (caller) {
		read_socket(ctx, caller);
		/* Where packets are redirected only the source can be seen. */
		user = counted_user((__u32)caller->uid_gid);
		bpf_map_update_elem(&connect_source, &source, &user, BPF_ANY);
		if (bpf_map_update_elem(&connect_tuple, &tuple, caller, BPF_ANY) == 0)
			return 1;
	}
	bpf_map_delete_elem(&connect_source, &source);
	bpf_map_delete_elem(&connect_tuple, &tuple);
	return 1;
}

/* The tracepoint sched_process_exec: task, old pid, struct linux_binprm. Records what a process was asked to run. */
SEC("raw_tracepoint/sched_process_exec")
int exec_script(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct linux_binprm *program = (void *)ctx->args[2];
	struct exec_record record = {};
	struct user_namespace *users;
	struct mnt_namespace *mounts;
	struct nsproxy *namespaces;
	const struct cred *cred;
	const char *name, *interpreter;
	__u64 pid = 0;

	if (bpf_core_read(&pid, sizeof(task->tgid), &task->tgid) ||
	    FAILS(&record.start_boot_nanos, &task->start_boottime) || FAILS(&record.exec_id, &task->self_exec_id))
		return 0;
	if (FAILS(&cred, &task->cred) || FAILS(&users, &cred->user_ns) ||
	    FAILS(&record.user_namespace, &users->ns.inum))
		return 0;
	if (FAILS(&namespaces, &task->nsproxy) || FAILS(&mounts, &namespaces->mnt_ns) ||
	    FAILS(&record.mount_namespace, &mounts->ns.inum))
		return 0;
	if (FAILS(&name, &program->filename) || FAILS(&interpreter, &program->interp))
		return 0;
	/* The kernel has one string for both, unless the file has an interpreter. */
	if (name != interpreter) {
		record.interpreted = 1;
		bpf_probe_read_kernel_str(record.name, sizeof(record.name), name);
	}
	bpf_map_update_elem(&exec_pid, &pid, &record, BPF_ANY);
	return 0;
}

/* Some helpers are only for programs whose authors say that they are free; these are under both licences. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";
